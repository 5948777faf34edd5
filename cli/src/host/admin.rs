//! `prosopa admin`: what the owner of the machine can do with what the product keeps.

use std::{io::IsTerminal, path::PathBuf};

use clap::{Args, Subcommand};
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
use crate::output::Output;

pub(super) const EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

const RESET_EXAMPLES: &str = "Example:
  prosopa admin reset-password --data-dir data";

const ROTATE_EXAMPLES: &str = "Example:
  prosopa admin rotate-keyring --data-dir data";

const ROTATE_PRINCIPAL_KEYS_EXAMPLES: &str = "Examples:
  prosopa admin rotate-principal-keys --data-dir data
  prosopa admin rotate-principal-keys --public-keys-out principals.json";

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
    /// Let another key sign the names of callers between processes; the product may run meanwhile.
    ///
    /// The next key is known to all processes already, and is the one that signs from now on; all are sealed with the newest
    /// master key. Leave a minute between two rotations, and renew copies of the public keys in it.
    #[command(after_help = ROTATE_PRINCIPAL_KEYS_EXAMPLES)]
    RotatePrincipalKeys(RotatePrincipalKeys),
    /// Look at events that a service could not use, and have them tried again; the product may run meanwhile.
    #[command(subcommand, name = "dlq", after_help = dead_letters::EXAMPLES)]
    DeadLetters(DlqCommand),
}

/// Arguments of `rotate-principal-keys`.
#[derive(Debug, Args)]
pub(crate) struct RotatePrincipalKeys {
    #[command(flatten)]
    place: Place,
    /// Where the public halves are written, for processes that are given these alone.
    #[arg(long, value_name = "FILE")]
    public_keys_out: Option<PathBuf>,
}

pub(super) fn run(command: AdminCommand, output: Output) -> Result<(), Failure> {
    let place = match &command {
        AdminCommand::ResetPassword(place) | AdminCommand::RotateKeyring(place) => place,
        AdminCommand::RotatePrincipalKeys(RotatePrincipalKeys { place, .. }) => place,
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
        AdminCommand::RotatePrincipalKeys(arguments) => rotate_principal_keys(&arguments, &settings),
        AdminCommand::DeadLetters(command) => dead_letters::run(command, &settings, output),
    }
}

fn rotate_keyring(settings: &Settings) -> Result<(), Failure> {
    let file = settings.server.data_dir.join("keyring.json");
    let id = Keyring::open_or_create(&file)?.rotate()?;
    say(&format!("the key {id} seals from now on; keep a copy of {}", file.display()))
}

fn rotate_principal_keys(arguments: &RotatePrincipalKeys, settings: &Settings) -> Result<(), Failure> {
    let keys = composition::build_platform(settings)?.principal_keys()?;
    keys.rotate()?;
    let public = keys.public_keys();
    if let Some(path) = &arguments.public_keys_out {
        std::fs::write(path, serde_json::to_vec_pretty(&public)?)?;
    }
    let kid = public.keys.first().map(|key| key.kid.as_str()).unwrap_or_default();
    say(&format!("the key {kid} signs the names of callers within a minute"))
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
