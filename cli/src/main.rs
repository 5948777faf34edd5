//! The binary `prosopa`. It picks the command and turns its outcome into an exit code, nothing else.

mod annotate;
mod args;
mod client;
mod commands;
mod context;
mod credentials;
mod exit;
mod host;
mod output;
mod progress;
mod prompt;
mod report;
mod table;

use std::process::ExitCode;

use mimalloc::MiMalloc;

use crate::args::Command;
use crate::output::Output;

/// A request makes some two hundred small allocations on several threads: the system's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = args::parse();
    match arguments.command {
        Command::Client(command) => commands::run(arguments.global, command),
        Command::Host(command) => host::run(Output::new(arguments.global.output), command),
    }
}
