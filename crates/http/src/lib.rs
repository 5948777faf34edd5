//! The axum kit every service is built with: operation table, extractors, paging, answers, `OpenAPI` assembly.
//!
//! A route is declared once, as an [`Operation`] beside its handler in [`Endpoints`]; the gateway's routing and
//! limits, the merged `OpenAPI` document and the coverage tests are derived from it. Knows no service and no store.

mod answer;
mod caller_ended;
pub mod cookies;
mod endpoints;
mod extract;
mod hardening;
mod idempotency;
mod leftovers;
mod openapi;
mod operation;
mod paging;
mod prefer;
mod schema;
pub mod signatures;
pub mod sockets;
mod units;

pub use self::{
    answer::{CurrentRequestId, X_REQUEST_ID, finish_answers},
    caller_ended::{CallerEnded, CallerWatch},
    endpoints::Endpoints,
    extract::{Administrator, BodyBytes, Caller, Json, PathId, Query, content_type},
    hardening::harden,
    idempotency::{IDEMPOTENCY_KEY, IDEMPOTENT_REPLAYED, IdempotencyKey, key_in_use, key_reused, replayed},
    leftovers::Leftovers,
    openapi::{AssemblyError, Section, assemble},
    operation::{Access, Answer, Operation, RequestContent},
    paging::{
        ListQuery, ListRequest, NumberedPage, NumberedPageQuery, NumberedPageRequest, Page, PageQuery,
        PageRequest,
    },
    prefer::{PREFER, PREFERENCE_APPLIED, Preferences, accepted, created},
    units::{set_units_done, take_units_done},
};
