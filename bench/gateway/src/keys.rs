//! The keys that the gateway and its peers know.

/// What every key begins with.
pub(crate) const KEY_PREFIX: &str = "bench-key-of-a-plausible-length-";

/// Keys, each of an account of its own.
pub(crate) const KEYS: usize = 64;
