//! Opens a server's database.

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Error, Options, options::Location, pools::Pools};

/// The database that every server has, to connect to while another is made.
const MAINTENANCE: &str = "postgres";

/// SQLSTATE `invalid_catalog_name`: there is no such database.
const NO_DATABASE: &str = "3D000";

/// SQLSTATE `duplicate_database`, and what a racing creation may end with instead.
const DATABASE_EXISTS: &[&str] = &["42P04", "23505"];

/// Connects, after making the database where there is none.
pub(crate) async fn connect_or_create(options: &Options) -> Result<Pools, Error> {
    if let Some(pools) = connect_existing(options).await? {
        return Ok(pools);
    }
    let name = options.database_name().unwrap_or_default();
    create_database(options, name).await?;
    connect_existing(options).await?.ok_or_else(|| Error::NoDatabase(name.to_owned()))
}

/// Connects; none where there is no such database.
pub(crate) async fn connect_existing(options: &Options) -> Result<Option<Pools>, Error> {
    let Location::Server(server) = &options.location else { return Ok(None) };
    let timeout_ms = options.statement_timeout.as_millis().to_string();
    let server = PgConnectOptions::clone(server).options([
        ("statement_timeout", timeout_ms.as_str()),
        ("lock_timeout", timeout_ms.as_str()),
        ("idle_in_transaction_session_timeout", timeout_ms.as_str()),
    ]);
    let pool = || {
        PgPoolOptions::new().max_connections(options.connections_max).acquire_timeout(options.acquire_timeout)
    };
    let writer = match pool().connect_with(server.clone()).await {
        Err(error) if has_state(&error, &[NO_DATABASE]) => return Ok(None),
        writer => writer?,
    };
    // Held for as long as somebody listens, however long nothing is told.
    let listening = pool().max_connections(1).max_lifetime(None).idle_timeout(None);
    let listening = listening.connect_lazy_with(server.clone());
    let readers = pool().connect_lazy_with(server.options([("default_transaction_read_only", "on")]));
    Ok(Some(Pools::Postgres { readers, writer, listening }))
}

/// Makes a database, if the role may; one that another process makes at the same time is as good.
async fn create_database(options: &Options, name: &str) -> Result<(), Error> {
    let maintenance = options.with_database(MAINTENANCE).map(|options| options.location);
    let Some(Location::Server(server)) = maintenance else { return Ok(()) };
    let mut connection = server.connect().await?;
    // The name comes from the operator's configuration; a quote in it cannot end the identifier.
    let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
    let outcome = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await;
    // Goodbye is only polite.
    let _ = connection.close().await;
    match outcome {
        Err(error) if has_state(&error, DATABASE_EXISTS) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => {
            tracing::info!(database = name, "database made");
            Ok(())
        }
    }
}

fn has_state(error: &sqlx::Error, states: &[&str]) -> bool {
    let state = error.as_database_error().and_then(|refusal| refusal.code());
    state.is_some_and(|state| states.contains(&state.as_ref()))
}
