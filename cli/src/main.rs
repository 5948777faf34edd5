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

use std::process::ExitCode;

use crate::args::Command;

fn main() -> ExitCode {
    let arguments = args::parse();
    match arguments.command {
        Command::Client(command) => commands::run(arguments.global, command),
        Command::Host(command) => host::run(command),
    }
}
