//! Every statement about events: those of who says them, those of who hears them.

pub(crate) mod consumer;
pub(crate) mod letters;
pub(crate) mod producer;
pub(crate) mod relays;
