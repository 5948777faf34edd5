//! What services promise each other: one trait per peer, the messages they speak and the gRPC adapters.
//!
//! A caller holds an `Arc<dyn Trait>` and cannot tell a peer in this process from one behind the network.
//! Nothing here does the work of a service, and nothing here knows a database or a public HTTP route.

pub mod accounts;
mod auth_messages;
mod calls;
pub mod client_keys;
pub mod credential_changes;
pub mod engine;
pub mod events;
pub mod mailer;
pub mod verifier;
