//! The commands that are the product itself: start it, make its model pack, look after its administrator.
//!
//! Everything here works on this machine's files; nothing talks to a running server.

mod admin;
mod composition;
mod connections;
mod data_dir;
mod dead_letters;
mod hosted;
mod migrate;
mod models;
mod openapi;
mod place;
mod process;
mod serve;
mod settings;
mod tls;
mod up;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Subcommand;

use crate::output::Output;

pub(crate) use self::{admin::AdminCommand, migrate::Migrate, models::ModelsCommand, serve::Serve, up::Up};

/// Commands of the product itself.
#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Start the whole product in one process.
    #[command(after_help = up::EXAMPLES)]
    Up(Up),
    /// Start some of its services in a process of their own.
    #[command(after_help = serve::EXAMPLES)]
    Serve(Serve),
    /// Bring the databases to this version's schema, or say what is missing.
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(Migrate),
    /// Build, verify, evaluate or calibrate the model pack.
    #[command(subcommand, after_help = models::EXAMPLES)]
    Models(ModelsCommand),
    /// Look after the administrator, the keyring and dead letters.
    #[command(subcommand, after_help = admin::EXAMPLES)]
    Admin(AdminCommand),
    /// Print the OpenAPI document of the whole API.
    #[command(after_help = openapi::EXAMPLES)]
    Openapi,
}

/// Why a command failed; for the person at the terminal.
type Failure = Box<dyn Error + Send + Sync>;

/// Runs a command to its end and reports how it failed.
pub(crate) fn run(output: Output, command: HostCommand) -> ExitCode {
    let outcome = match command {
        HostCommand::Up(arguments) => up::run(arguments),
        HostCommand::Serve(arguments) => serve::run(arguments),
        HostCommand::Migrate(arguments) => migrate::run(arguments),
        HostCommand::Models(command) => models::run(command, output),
        HostCommand::Admin(command) => admin::run(command, output),
        HostCommand::Openapi => openapi::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output left: not an error.
        Err(failure) if is_closed_output(failure.as_ref()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(failure.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn is_closed_output(failure: &(dyn Error + Send + Sync + 'static)) -> bool {
    failure.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes one line of result.
fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Writes the failure with everything that lies behind it.
fn report(failure: &(dyn Error + Send + Sync)) {
    let mut text = format!("error: {failure}");
    let mut source = failure.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    // Nothing is left to tell a person whose stderr is closed.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A runtime for commands that touch the databases.
fn start_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
