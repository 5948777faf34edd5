//! The rules of the house, checked over the whole workspace.
//!
//! Each rule is a pure function from what was read to what is wrong with it, one sentence per fault, so that it can be
//! shown a small house that breaks it. [`workspace`] reads the real one. This crate must not depend on any crate that
//! it judges.

pub mod dependencies;
pub mod modules;
pub mod plan;
pub mod sources;
pub mod workspace;
