//! `prosopa completions`: the completion script of a shell.

use crate::args::{self, Completions, Format};
use crate::exit::Failure;
use crate::output::Output;

/// Prints the script.
pub(super) fn run(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::description(), "prosopa", &mut script);
    Output::new(Format::Table).raw(&script)?;
    Ok(())
}
