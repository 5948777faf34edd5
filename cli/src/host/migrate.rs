//! `prosopa migrate`: brings every service's database to this program's schema, or says what is missing.

use std::path::PathBuf;

use clap::Args;

use prosopa_runtime::Databases;
use prosopa_store::Database;

use super::{
    Failure,
    composition::schemas,
    say,
    settings::{Overrides, Settings},
    start_runtime,
};

pub(super) const EXAMPLES: &str = "Examples:
  prosopa migrate
  prosopa migrate --check

`prosopa up` migrates by itself; this is for deployments that migrate before they roll out. It may run beside a
running product and beside itself: one of them works, the others wait. There is no way back but a backup.";

/// Arguments of `migrate`.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Change nothing; list what is missing, and fail if anything is.
    #[arg(long)]
    check: bool,
    /// Folder of everything the product keeps [default: data].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Configuration file [default: prosopa.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: Migrate) -> Result<(), Failure> {
    let overrides = Overrides { data_dir: arguments.data_dir, ..Overrides::default() };
    let settings = Settings::load(arguments.config.as_deref(), overrides)?;
    let databases = Databases::configured(&settings.database, &settings.server.data_dir)?;
    let runtime = start_runtime()?;
    if arguments.check { runtime.block_on(check(&databases)) } else { runtime.block_on(migrate(&databases)) }
}

async fn check(databases: &Databases) -> Result<(), Failure> {
    let mut missing = 0;
    for (name, list) in schemas() {
        for migration in Database::list_pending(&databases.options(name)?, list).await? {
            say(&format!("{name}: {migration} is missing"))?;
            missing += 1;
        }
    }
    match missing {
        0 => say("nothing is missing"),
        1 => Err("1 migration is missing: run `prosopa migrate`".into()),
        many => Err(format!("{many} migrations are missing: run `prosopa migrate`").into()),
    }
}

async fn migrate(databases: &Databases) -> Result<(), Failure> {
    for (name, list) in schemas() {
        let options = databases.options(name)?;
        let pending = Database::list_pending(&options, list).await?;
        Database::open(&options, list).await?.close().await;
        for migration in &pending {
            say(&format!("{name}: {migration} applied"))?;
        }
        if pending.is_empty() {
            say(&format!("{name}: nothing to do"))?;
        }
    }
    Ok(())
}
