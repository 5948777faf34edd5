//! `prosopa openapi`: the document of the whole API, from the services' operation tables alone.

use prosopa_auth::AuthService;
use prosopa_detection::DetectionService;
use prosopa_gateway::GatewayService;
use prosopa_http::{Operation, Section, assemble};
use prosopa_notifications::NotificationsService;
use prosopa_runtime::Service;

use super::{Failure, say};

pub(super) const EXAMPLES: &str = "Example:
  prosopa openapi > openapi.json";

pub(super) fn run() -> Result<(), Failure> {
    let tables = [
        table::<AuthService>(),
        table::<DetectionService>(),
        table::<NotificationsService>(),
        table::<GatewayService>(),
    ];
    let sections =
        tables.iter().map(|(service, description, operations)| Section { service, description, operations });
    let sections: Vec<Section<'_>> = sections.collect();
    let document = assemble("Prosopa", env!("CARGO_PKG_VERSION"), &sections)?;
    say(&serde_json::to_string_pretty(&document)?)
}

fn table<S: Service>() -> (&'static str, &'static str, Vec<Operation>) {
    (S::NAME, S::DESCRIPTION, S::operations())
}
