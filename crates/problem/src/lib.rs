//! Errors as callers see them: stable codes and RFC 9457 problem documents, and their one mapping to HTTP.
//!
//! Knows no mechanism and no service. What a cause says goes to the log only; what a [`Problem`] says goes to the
//! caller.

mod code;
mod document;

pub use self::{
    code::Code,
    document::{FieldError, MEDIA_TYPE, Problem},
};
