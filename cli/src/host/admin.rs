//! `prosopa admin`: what the owner of the machine can do with what the product keeps.

use std::io::IsTerminal;

use clap::Subcommand;
use prosopa_vault::Keyring;
use secrecy::ExposeSecret;

use super::{
    Failure, composition, data_dir,
    dead_letters::{self, DlqCommand},
    hosted::Hosted,
    place::Place,
    say,
    settings::{Overrides, Settings},
    start_runtime,
};

pub(super) const EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

const RESET_EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

const ROTATE_EXAMPLES: &str = "Example:
  prosopa admin rotate-keyring --data-dir data";

/// Name of the administrator that the first start makes.
const ADMINISTRATOR: &str = "administrator";

/// What to do for the administrator.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Give the administrator a new generated password and end all of the administrator's sessions.
    ///
    /// The product must not run meanwhile.
    #[command(after_help = RESET_EXAMPLES)]
    ResetPassword(Place),
    /// Make a new master key, which seals from now on; the product may run meanwhile.
    ///
    /// Older keys stay in the keyring, for what they have sealed. The keys of persons move to the new one within an hour.
    #[command(after_help = ROTATE_EXAMPLES)]
    RotateKeyring(Place),
    /// Look at events that a service could not use, and have them tried again; the product may run meanwhile.
    #[command(subcommand, name = "dlq", after_help = dead_letters::EXAMPLES)]
    DeadLetters(DlqCommand),
}

pub(super) fn run(command: AdminCommand) -> Result<(), Failure> {
    let place = match &command {
        AdminCommand::ResetPassword(place) | AdminCommand::RotateKeyring(place) => place,
        AdminCommand::DeadLetters(command) => command.place(),
    };
    let overrides = Overrides { data_dir: place.data_dir.clone(), ..Overrides::default() };
    let settings = Settings::load(place.config.as_deref(), overrides)?;
    let folder = &settings.server.data_dir;
    if !folder.join("keyring.json").exists() {
        return Err(format!("there is no product in {}", folder.display()).into());
    }
    match command {
        AdminCommand::ResetPassword(_) => start_runtime()?.block_on(reset_password(settings)),
        AdminCommand::RotateKeyring(_) => rotate_keyring(&settings),
        AdminCommand::DeadLetters(command) => dead_letters::run(command, &settings),
    }
}

fn rotate_keyring(settings: &Settings) -> Result<(), Failure> {
    let file = settings.server.data_dir.join("keyring.json");
    let id = Keyring::open_or_create(&file)?.rotate()?;
    say(&format!("the key {id} seals from now on; keep a copy of {}", file.display()))
}

async fn reset_password(settings: Settings) -> Result<(), Failure> {
    let folder = &settings.server.data_dir;
    let _lock = data_dir::lock(&settings, &Hosted::all())?;
    let platform = composition::build_platform(&settings)?;
    let password = prosopa_auth::reset_password(&settings.auth, &platform, ADMINISTRATOR).await?;
    let file = folder.join("administrator-password");
    say(&format!("`{ADMINISTRATOR}` has a new password, which lies in {}", file.display()))?;
    if std::io::stdout().is_terminal() {
        say(&format!("  password       {}", password.expose_secret()))?;
    }
    Ok(())
}
