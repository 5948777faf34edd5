//! Questions to the person at the terminal. Without one, or with `--no-input`, nothing is asked.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use secrecy::SecretString;

use crate::args::{GlobalOptions, PasswordArgs};
use crate::exit::Failure;

/// Longest line that is read as an answer or a password, in bytes.
const ANSWER_LIMIT_BYTES: u64 = 4096;

/// Asks questions on stderr and reads the answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prompter {
    can_ask: bool,
    says_yes: bool,
}

impl Prompter {
    /// A prompter as the options and the terminal allow.
    pub(crate) fn new(options: &GlobalOptions) -> Self {
        let can_ask = !options.no_input && io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { can_ask, says_yes: options.yes }
    }

    /// Whether there is somebody to ask.
    pub(crate) fn can_ask(self) -> bool {
        self.can_ask
    }

    /// The given value, else the typed one.
    pub(crate) async fn value_or_ask(
        self,
        value: Option<String>,
        label: &'static str,
    ) -> Result<String, Failure> {
        if let Some(value) = value {
            return Ok(value);
        }
        loop {
            let answer = self.ask(format!("{label}: ")).await?;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
    }

    /// The typed value, or the other one where nothing is typed.
    pub(crate) async fn ask_or(self, label: &str, otherwise: &str) -> Result<String, Failure> {
        let answer = self.ask(format!("{label} [{otherwise}]: ")).await?;
        Ok(if answer.is_empty() { otherwise.to_owned() } else { answer })
    }

    /// The password from stdin, the environment or the person; asked for twice where a typo would lock one out.
    pub(crate) fn password(self, args: &PasswordArgs, ask_twice: bool) -> Result<SecretString, Failure> {
        if args.password_stdin {
            return password_from_stdin();
        }
        if let Some(password) = password_from_environment() {
            return Ok(password);
        }
        loop {
            let password = hidden("Password: ")?;
            if !ask_twice || hidden("Password again: ")? == password {
                return Ok(SecretString::from(password));
            }
            let _ = writeln!(io::stderr(), "The two differ. Once more, please.");
        }
    }

    /// Whether the person agrees. Without `--yes` and without anybody to ask: a usage error.
    pub(crate) async fn confirm(self, question: &str) -> Result<bool, Failure> {
        if self.says_yes {
            return Ok(true);
        }
        if !self.can_ask {
            return Err(Failure::Usage(
                "this needs a confirmation and there is nobody to ask: pass --yes".to_owned(),
            ));
        }
        let answer = self.ask(format!("{question} [y/N] ")).await?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    async fn ask(self, question: String) -> Result<String, Failure> {
        let read = move || {
            let mut stderr = io::stderr();
            write!(stderr, "{question}")?;
            stderr.flush()?;
            let mut answer = String::new();
            match io::stdin().lock().take(ANSWER_LIMIT_BYTES).read_line(&mut answer)? {
                0 => Err(io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(answer.trim().to_owned()),
            }
        };
        // On a thread of its own: Ctrl-C must be heard while this waits.
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(unanswered(&error)),
            Err(_) => Err(Failure::Interrupted),
        }
    }
}

/// Whether a password is given without asking.
pub(crate) fn has_password(args: &PasswordArgs) -> bool {
    args.password_stdin || password_from_environment().is_some()
}

fn password_from_environment() -> Option<SecretString> {
    std::env::var("PROSOPA_PASSWORD").ok().filter(|password| !password.is_empty()).map(SecretString::from)
}

fn password_from_stdin() -> Result<SecretString, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(ANSWER_LIMIT_BYTES)
        .read_line(&mut line)
        .map_err(|error| Failure::Usage(format!("cannot read the password from stdin: {error}")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::Usage("--password-stdin: the first line of stdin is empty".to_owned()));
    }
    Ok(SecretString::from(password))
}

/// Reads without echo, on the calling thread: Ctrl-C is read as a character here, and the terminal is restored first.
fn hidden(question: &str) -> Result<String, Failure> {
    rpassword::prompt_password(question).map_err(|error| unanswered(&error))
}

fn unanswered(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::Interrupted => Failure::Interrupted,
        io::ErrorKind::UnexpectedEof => Failure::Usage("no answer was given".to_owned()),
        _ => Failure::Usage(format!("cannot read an answer: {error}")),
    }
}
