//! Signed requests (RFC 9421, RFC 9530).

mod body;
mod components;
mod documentation;
mod policy;
mod properties;
mod reading;
mod rest;
mod support;
mod tampering;
mod vectors;
