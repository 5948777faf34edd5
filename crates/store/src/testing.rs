//! What only tests may do.

mod schema;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, ValueRef, postgres::PgConnectOptions,
};

use crate::{Error, Options, options::Location};

pub use self::schema::describe;

/// Drops every database of a server whose name begins with `prefix`, whoever is connected to it.
pub async fn drop_databases(server_url: &str, prefix: &str) -> Result<(), Error> {
    let mut connection = maintain(server_url).await?;
    for name in list_databases(&mut connection, prefix).await? {
        let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Every value of every row of every table of the server's databases whose names begin with `prefix`, as stored.
pub async fn dump_databases(server_url: &str, prefix: &str) -> Result<Vec<u8>, Error> {
    let mut connection = maintain(server_url).await?;
    let names = list_databases(&mut connection, prefix).await?;
    connection.close().await?;
    let mut dump = Vec::new();
    for name in names {
        let mut connection = server(server_url)?.database(&name).connect().await?;
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await?;
        for table in tables {
            let rows = sqlx::query(AssertSqlSafe(format!("SELECT * FROM \"{table}\"")));
            for row in rows.fetch_all(&mut connection).await? {
                for column in 0..row.len() {
                    let value = row.try_get_raw(column)?;
                    if !value.is_null() {
                        dump.extend_from_slice(value.as_bytes().unwrap_or_default());
                        dump.push(b'\n');
                    }
                }
            }
        }
        connection.close().await?;
    }
    Ok(dump)
}

fn server(server_url: &str) -> Result<PgConnectOptions, Error> {
    match Options::server(&format!("{server_url}/postgres"))?.location {
        Location::Server(server) => Ok(*server),
        Location::File(_) => Err(Error::Url),
    }
}

async fn maintain(server_url: &str) -> Result<PgConnection, Error> {
    Ok(server(server_url)?.connect().await?)
}

async fn list_databases(connection: &mut PgConnection, prefix: &str) -> Result<Vec<String>, Error> {
    let names = "SELECT datname::text FROM pg_database WHERE starts_with(datname, $1)";
    Ok(sqlx::query_scalar(names).bind(prefix).fetch_all(connection).await?)
}
