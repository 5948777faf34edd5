//! `prosopa admin`: what the administrator's owner can do while the product does not run.

use std::{io::IsTerminal, path::PathBuf};

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;

use super::{
    Failure, composition,
    data_dir::{self, Sharing},
    say,
    settings::{Overrides, Settings},
    start_runtime,
};

pub(super) const EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

const RESET_EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

/// Name of the administrator that the first start makes.
const ADMINISTRATOR: &str = "administrator";

/// What to do for the administrator.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Give the administrator a new generated password and end all of the administrator's sessions.
    #[command(after_help = RESET_EXAMPLES)]
    ResetPassword(ResetPassword),
}

/// Arguments of `admin reset-password`.
#[derive(Debug, Args)]
pub(crate) struct ResetPassword {
    /// Folder of everything the product keeps [default: data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(command: AdminCommand) -> Result<(), Failure> {
    let AdminCommand::ResetPassword(arguments) = command;
    let overrides = Overrides { data_dir: arguments.data_dir, ..Overrides::default() };
    let settings = Settings::load(arguments.config.as_deref(), overrides)?;
    start_runtime()?.block_on(reset_password(settings))
}

async fn reset_password(settings: Settings) -> Result<(), Failure> {
    let folder = &settings.server.data_dir;
    if !folder.join("keyring.json").exists() {
        return Err(format!("there is no product in {}", folder.display()).into());
    }
    let _lock = data_dir::lock(folder, Sharing::of(&settings))?;
    let platform = composition::build_platform(&settings)?;
    let password = prosopa_auth::reset_password(&settings.auth, &platform, ADMINISTRATOR).await?;
    let file = folder.join("administrator-password");
    say(&format!("`{ADMINISTRATOR}` has a new password, which lies in {}", file.display()))?;
    if std::io::stdout().is_terminal() {
        say(&format!("  password       {}", password.expose_secret()))?;
    }
    Ok(())
}
