//! This workspace against the rules of the house, and the scripts of the house against recorded runs.
#![expect(clippy::unwrap_used, reason = "tests")]

mod sum_of_tests;
mod this_workspace;
