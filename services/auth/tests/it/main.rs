//! The service through its public door: its router, its verifier and the files it leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "tests")]

mod access_tokens;
mod accounts;
mod administrator;
mod api_keys;
mod browser_sessions;
mod clients;
mod credential_changes;
mod enumeration;
mod login_throttle;
mod mailbox;
mod oidc;
mod own_sessions;
mod password_changes;
mod password_resets;
mod registrations;
mod secrecy_at_rest;
mod sessions;
mod signing_keys;
mod still_holds;
mod support;
mod tokens;
mod users;
mod watch;
