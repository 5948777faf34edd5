//! The command line: what may be typed, with its help. It holds no behaviour.

mod client;
mod clients;
mod documents;
mod examples;
mod global;
mod images;
mod init;
mod jobs;
mod list;
mod verifications;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{ColorChoice, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub(crate) use client::{
    ClientCommand, Completions, Detect, KeysCommand, KeysRevoke, KeysRotate, Login, Logout, MatchArgs,
    NewProgram, PasswordArgs, Register, ResultsCommand, ResultsDelete, ResultsShow, SubjectsCommand,
    SubjectsErase, typed_id,
};
pub(crate) use clients::{ClientsCommand, ClientsCreate, ClientsRevoke, ClientsRotate};
pub(crate) use documents::{DocumentArgs, DocumentsCommand, DocumentsDelete, DocumentsShow};
pub(crate) use global::{GlobalOptions, ProgressMode, ServerUrl, server_option};
pub(crate) use images::{ImageType, ImagesCommand, ImagesDelete, ImagesGet, ImagesList, ImagesUpload};
pub(crate) use init::Init;
pub(crate) use jobs::{JobsChange, JobsCommand, JobsList, JobsShow, JobsWatch};
pub(crate) use list::ListArgs;
pub(crate) use verifications::{VerificationsCommand, VerificationsDelete, VerificationsShow, VerifyArgs};

use crate::host::HostCommand;

pub(crate) use crate::output::Format;

/// Prosopa finds and compares faces, and checks identity documents.
///
/// Send pictures to a Prosopa server and get back where the faces are, whether two are one person's, what a document says,
/// and whether it is its holder's. Results are stored on the server and can be listed, shown and deleted.
#[derive(Debug, Parser)]
#[command(name = "prosopa", version, after_help = examples::ROOT_SHORT, after_long_help = examples::ROOT)]
#[command(arg_required_else_help = true, styles = STYLES)]
pub(crate) struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Every command, by the side it works on.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Commands that talk to a server over its REST API.
    #[command(flatten)]
    Client(ClientCommand),
    /// Commands that are the product itself.
    #[command(flatten)]
    Host(HostCommand),
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Reads the command line of this process; shows help or a usage error and ends the process when there is nothing to do.
pub(crate) fn parse() -> Arguments {
    let mut command = Arguments::command();
    if std::env::args_os().any(|argument| argument == "--no-color") {
        command = command.color(ColorChoice::Never);
    }
    let matches = command.get_matches();
    Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// The clap description of the whole command line, for completions.
pub(crate) fn description() -> clap::Command {
    Arguments::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F8: the command line is consistent: no clash of names, no impossible default.
    #[test]
    fn command_line_is_consistent() {
        description().debug_assert();
    }

    /// F8: every command teaches with at least one example in its help.
    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            for inner in command.get_subcommands() {
                let path = format!("{path} {}", inner.get_name());
                let help = inner.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains(&path), "`{path} --help` has no example of its own");
                check(inner, &path);
            }
        }
        check(&description(), "prosopa");
    }
}
