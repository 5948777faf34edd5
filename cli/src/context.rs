//! What every command works with: the client, the printer, the voice on stderr, the questions.

use crate::args::{GlobalOptions, ProgressMode};
use crate::client::{Client, Error};
use crate::output::Output;
use crate::prompt::Prompter;
use crate::report::Reporter;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// Client of the server.
    pub(crate) client: Client,
    /// Printer of results.
    pub(crate) output: Output,
    /// Voice on stderr.
    pub(crate) reporter: Reporter,
    /// Questions.
    pub(crate) prompter: Prompter,
    /// How progress is shown.
    pub(crate) progress: ProgressMode,
    /// Whether stderr is for errors only.
    pub(crate) is_quiet: bool,
}

impl Context {
    /// The context as the options want it.
    pub(crate) fn new(options: &GlobalOptions, reporter: Reporter) -> Result<Self, Error> {
        if !options.server.is_https() && !options.server.is_loopback() {
            reporter.warning(&format!(
                "the connection to {} is not encrypted: passwords, tokens and pictures can be read on the way",
                options.server
            ));
        }
        Ok(Self {
            client: Client::new(options, reporter.clone())?,
            output: Output::new(options.output),
            prompter: Prompter::new(options),
            progress: options.progress,
            is_quiet: options.quiet,
            reporter,
        })
    }
}
