//! Who calls, carried from one process to another: a token that is signed for one service and one minute.
//!
//! [`SignPrincipal`] puts it on outgoing requests, [`VerifyPrincipal`] takes it off incoming ones, over HTTP and gRPC
//! alike; a service meets the [`Principal`](prosopa_model::Principal) itself and never a token. Whether a listener
//! looks at tokens at all is not decided here.

mod config;
mod key_file;
mod key_set;
mod keys;
mod sign_layer;
mod signed;
mod signer;
mod token;
mod verifier;
mod verify_layer;
mod watched;

pub(crate) use self::verify_layer::is_grpc;
pub use self::{
    config::PrincipalConfig,
    key_set::{PublicKey, PublicKeySet},
    keys::{PrincipalKeyError, PrincipalKeys, PrincipalPublicKeys},
    sign_layer::{SignPrincipal, SignPrincipalService},
    signer::{PrincipalSigner, SignError},
    token::PROSOPA_PRINCIPAL,
    verifier::{PrincipalVerifier, TokenError},
    verify_layer::{VerifyPrincipal, VerifyPrincipalService},
};
