//! Compiles `proto/` without an outside compiler.

use std::{error::Error, path::Path};

/// Messages with secrets, or with what a person's papers say: their debug forms are written by hand.
const SECRET: [&str; 12] = [
    "prosopa.auth.v1.VerifyRequest",
    "prosopa.auth.v1.VerifyCookieRequest",
    "prosopa.auth.v1.FindClientKeyRequest",
    "prosopa.auth.v1.NoteClientKeyUseRequest",
    "prosopa.auth.v1.ClientKey",
    "prosopa.notifications.v1.SendMailRequest",
    "prosopa.notifications.v1.SendMailRequest.purpose",
    "prosopa.notifications.v1.Token",
    "prosopa.engine.v1.TextLine",
    "prosopa.engine.v1.ZoneLine",
    "prosopa.engine.v1.ZoneField",
    "prosopa.engine.v1.ZoneRepair",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let files = [
        "prosopa/engine/v1/engine.proto",
        "prosopa/events/v1/events.proto",
        "prosopa/auth/v1/verifier.proto",
        "prosopa/notifications/v1/mailer.proto",
    ];
    let files = protox::compile(files.map(|file| root.join(file)), [root])?;
    tonic_prost_build::configure().bytes(".").skip_debug(SECRET).compile_fds(files)?;
    Ok(())
}
