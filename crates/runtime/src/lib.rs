//! How services become a process: [`Service`], what the process offers them ([`Platform`]) and the [`Host`] that
//! owns ports, tasks and shutdown.
//!
//! What decides trust is the listener that a request came through ([`PublicRoutes`], [`InternalRoutes`]), never a header.
//! Knows the contracts between services, never a service.

mod admin;
mod caching_verifier;
mod certificates;
mod databases;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hop;
mod host;
mod listener;
mod network;
mod peer_addresses;
mod peer_connector;
mod platform;
mod principals;
mod redis;
mod routes;
mod service;
mod task;

pub use self::{
    caching_verifier::{CachingClientKeys, CachingVerifier},
    certificates::TlsError,
    databases::{DatabaseConfig, DatabaseConfigError, Databases},
    events::{JobEvents, Listening},
    hop::{PROSOPA_PROBLEM_CODE, drop_internal_headers, write_context},
    host::{Host, HostError, InternalListener, Listeners},
    listener::{
        ClientCertificate, ClientCertificates, ClientScheme, ListenerOptions, PeerAddress, Tls, TlsFiles,
    },
    network::Network,
    peer_addresses::{PeerAddressError, PeerAddresses},
    peer_connector::{PeerConnector, PeerProtocol, PeerStream, PeerTlsConfig},
    platform::{Backend, DatabaseError, PeerError, Peers, Platform, Upstream, UpstreamAddress},
    principals::{
        PROSOPA_PRINCIPAL, PrincipalConfig, PrincipalKeyError, PrincipalKeys, PrincipalPublicKeys,
        PrincipalSigner, PrincipalVerifier, PublicKey, PublicKeySet, SignError, SignPrincipal,
        SignPrincipalService, TokenError, VerifyPrincipal, VerifyPrincipalService,
    },
    redis::{RedisConfig, RedisConfigError},
    routes::{InternalRoutes, PublicRoutes},
    service::{BuildError, Parts, Readiness, ReadinessCheck, Schemas, Service},
    task::{Task, TaskEnded, TaskKind},
};
