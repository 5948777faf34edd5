//! The vocabulary of the suite: ids, principals, scopes, quotas, times and cursors.
//!
//! Knows no mechanism (no HTTP, no database) and no service; plain values with their text forms.

pub mod cell_rate;
pub mod clock;
pub mod cursor;
pub mod id;
pub mod plan_name;
pub mod principal;
pub mod quota;
pub mod range;
pub mod timestamp;
pub mod window;

pub use self::{
    cell_rate::{Cell, CellRate},
    clock::{Clock, SystemClock},
    cursor::Cursor,
    id::{
        AccountId, ApiClientId, ApiKeyId, DetectionId, DocumentId, Id, ImageId, JobId, Kind, MatchId,
        RegistrationId, RequestId, SessionId, SubjectId, UserId, VerificationId,
    },
    plan_name::PlanName,
    principal::{Credential, Principal, Role, Scope, Scopes},
    quota::{LimitMode, Meter, QuotaSnapshot, RateLimit, Units, WindowUse},
    range::TimeRange,
    timestamp::Timestamp,
    window::{QuotaWindow, Zone},
};
