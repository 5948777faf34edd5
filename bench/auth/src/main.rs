//! Microseconds until it is known who calls, by token, by key and by signature: the bare check, and a whole request through
//! the gateway. Each beside the HMAC of one signature base, which no check of a signature can undercut. Prints a Markdown
//! table.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that cannot be made has failed")]

mod product;
mod signing;
mod table;

use table::Table;

#[tokio::main]
async fn main() {
    let plain_us = signing::plain_hmac_us();
    let mut table = Table::begin(plain_us);
    table.row("HMAC with SHA-256 of the signature base", plain_us);
    table.row("signature, hmac-sha256: read, checked, verified", signing::shared_secret_us());
    table.row("Ed25519 verification of the signature base", signing::plain_ed25519_us());
    table.row("signature, ed25519: read, checked, verified", signing::key_pair_us());
    product::print(&mut table).await;
}
