//! The suite apart, under load, while something of it or around it fails. What each fault left is counted and printed as one line;
//! the numbers must agree. These need all servers: `scripts/with-servers.sh`.

mod clock;
mod load;
mod poison;
mod processes;
mod servers;
mod tally;

use std::time::Duration;

/// Set to `long`, the broker is stopped as long as in life, and what a killed process had in hand is waited for.
const LENGTH: &str = "PROSOPA_FAULTS";

fn is_long() -> bool {
    std::env::var_os(LENGTH).is_some_and(|length| length == "long")
}

/// How long the broker is stopped.
fn a_while() -> Duration {
    Duration::from_secs(if is_long() { 60 } else { 5 })
}
