//! How a command can fail, and the exit code of each way. The codes are a promise to scripts: see `prosopa --help`.

use std::io;

use prosopa_problem::Code;

use crate::{client, credentials, report::Explained};

/// A face that was compared is another person's, a document is not valid, or a check is to be refused.
const NEGATIVE: u8 = 8;

/// What was measured or read can tell neither that nor the opposite.
const INCONCLUSIVE: u8 = 9;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line does not say enough and there is nobody to ask.
    #[error("{0}")]
    Usage(String),
    /// The server, or the way to it, failed.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// The file of logins failed.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    /// An input was refused on this machine with the words the server would have used.
    #[error("{0}")]
    Input(String),
    /// Something on this machine failed.
    #[error("{0}")]
    Local(String),
    /// Some of several items failed; each was reported when it did.
    #[error("{failed} of {total} failed")]
    Some {
        /// How many failed.
        failed: usize,
        /// How many there were.
        total: usize,
    },
    /// What failed was reported when it did; this carries the exit code.
    #[error("failed as reported")]
    Reported {
        /// The exit code of what failed.
        code: u8,
    },
    /// The person pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Whoever read stdout left: not an error.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Local(_) | Self::Credentials(_) => 1,
            Self::Usage(_) => 2,
            Self::Client(error) => match error.class() {
                client::Class::Other => 1,
                client::Class::Usage => 2,
                client::Class::Credentials => 3,
                client::Class::Input => 4,
                client::Class::Quota => 5,
                client::Class::Unavailable => 6,
            },
            Self::Input(_) => 4,
            Self::Some { .. } => 7,
            Self::Reported { code } => *code,
            Self::Interrupted => 130,
        }
    }

    /// Whether the next item would fail in the same way, so that going on makes no sense.
    pub(crate) fn ends_everything(&self) -> bool {
        match self {
            Self::Client(error) => matches!(
                error.class(),
                client::Class::Credentials | client::Class::Quota | client::Class::Unavailable
            ),
            Self::Credentials(_) | Self::Interrupted | Self::OutputClosed => true,
            _ => false,
        }
    }

    /// The request that failed, for the server's log.
    pub(crate) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.request_id(),
            _ => None,
        }
    }

    /// A short machine-readable name: the server's problem code where there is one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Client(error) => error.code(),
            Self::Input(_) => Code::BodyTooLarge.as_str(),
            Self::Interrupted => "interrupted",
            _ => "local-failure",
        }
    }
}

/// The end of a command that judges and has printed how: nothing more is said, but the exit code tells scripts.
pub(crate) fn outcome_of_judgements<'a>(
    judgements: impl IntoIterator<Item = &'a str>,
) -> Result<(), Failure> {
    let code_of = |judgement: &str| match judgement {
        "match" | "valid" | "accept" => 0,
        "no_match" | "invalid" | "reject" => NEGATIVE,
        _ => INCONCLUSIVE,
    };
    let codes: Vec<u8> = judgements.into_iter().map(code_of).collect();
    match [NEGATIVE, INCONCLUSIVE].into_iter().find(|code| codes.contains(code)) {
        Some(code) => Err(Failure::Reported { code }),
        None => Ok(()),
    }
}

impl From<io::Error> for Failure {
    /// For stdout: a reader that left ends the command quietly.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::OutputClosed
        } else {
            Self::Local(format!("cannot write the output: {error}"))
        }
    }
}

impl Explained for Failure {
    fn notes(&self) -> Vec<String> {
        match self {
            Self::Client(error) => error.notes(),
            Self::Credentials(error) => error.hint().into_iter().collect(),
            Self::Usage(_) => vec!["see `prosopa --help`, or --help of the command".to_owned()],
            _ => Vec::new(),
        }
    }
}
