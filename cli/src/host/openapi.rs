//! `prosopa openapi`: the document of the whole API, from the services' operation tables alone.

use prosopa_auth::AuthService;
use prosopa_detection::DetectionService;
use prosopa_http::{Section, assemble};
use prosopa_notifications::NotificationsService;
use prosopa_runtime::Service;

use super::{Failure, say};

pub(super) const EXAMPLES: &str = "Example:
  prosopa openapi > openapi.json";

pub(super) fn run() -> Result<(), Failure> {
    let (auth, detection) = (AuthService::operations(), DetectionService::operations());
    let notifications = NotificationsService::operations();
    let sections = [
        Section { service: AuthService::NAME, description: AuthService::DESCRIPTION, operations: &auth },
        Section {
            service: DetectionService::NAME,
            description: DetectionService::DESCRIPTION,
            operations: &detection,
        },
        Section {
            service: NotificationsService::NAME,
            description: NotificationsService::DESCRIPTION,
            operations: &notifications,
        },
    ];
    let document = assemble("Prosopa", env!("CARGO_PKG_VERSION"), &sections)?;
    say(&serde_json::to_string_pretty(&document)?)
}
