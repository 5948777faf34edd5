//! K5: the machine readable zone through its public door.

mod reading;
mod repairs;
mod specimens;
mod substitutions;
mod zones;
