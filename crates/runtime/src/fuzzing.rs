//! The listener's readers of what strangers send, for those who send them what nobody meant. Not for the product.

pub use crate::listener::fuzzing::{Heads, Origin, read_heads, read_origin};
