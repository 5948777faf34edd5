//! Synthetic identity documents through their public door.

mod degrade;
mod draw;
mod mrz;
mod person;
mod support;
