//! What a schema says, in words that both backends share.

use std::collections::BTreeSet;

use crate::{Backend, Database, Error, on_db, row};

/// Tables that the driver makes for itself.
const OWN: &str = "_sqlx_migrations";

row! {
    /// One fact about a table.
    struct Fact {
        fact: String,
    }
}

const SQLITE: &[&str] = &[
    "SELECT t.name || ': column ' || c.name || ' ' || CASE c.type WHEN 'BLOB' THEN 'bytes' WHEN 'INTEGER' THEN
         'integer' WHEN 'TEXT' THEN 'text' WHEN 'REAL' THEN 'real' ELSE c.type END
         || CASE WHEN c.\"notnull\" OR c.pk > 0 THEN '' ELSE ' or null' END AS fact
     FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
    "SELECT name || ': key ' || group_concat(col, ', ') AS fact FROM (SELECT t.name AS name, c.name AS col
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.pk > 0 ORDER BY t.name, c.pk) GROUP BY name",
    "SELECT name || kind || group_concat(col, ', ') || part AS fact FROM (
         SELECT t.name AS name, i.name AS idx, CASE WHEN i.\"unique\" THEN ': unique ' ELSE ': index ' END AS kind,
             CASE WHEN i.partial THEN ' where' ELSE '' END AS part, c.name AS col
         FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND i.origin <> 'pk' ORDER BY t.name, i.name, c.seqno)
     GROUP BY name, idx",
    "SELECT t.name || ': ' || f.\"from\" || ' references ' || f.\"table\" || CASE f.on_delete WHEN 'CASCADE' THEN
         ' and goes with it' ELSE '' END AS fact
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
];

// A column of type xid8 is what only PostgreSQL needs to know in which order transactions end.
const POSTGRES: &[&str] = &[
    "SELECT table_name || ': column ' || column_name || ' ' || CASE udt_name WHEN 'uuid' THEN 'bytes' WHEN 'bytea'
         THEN 'bytes' WHEN 'int8' THEN 'integer' WHEN 'bool' THEN 'integer' WHEN 'float8' THEN 'real' ELSE udt_name END
         || CASE is_nullable WHEN 'YES' THEN ' or null' ELSE '' END AS fact
     FROM information_schema.columns WHERE table_schema = current_schema() AND udt_name <> 'xid8'",
    "SELECT c.relname || CASE WHEN i.indisprimary THEN ': key ' WHEN i.indisunique THEN ': unique ' ELSE ': index ' END
         || (SELECT string_agg(a.attname, ', ' ORDER BY k.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY
             AS k (number, place) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number)
         || CASE WHEN i.indpred IS NULL THEN '' ELSE ' where' END AS fact
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.relnamespace = current_schema()::regnamespace",
    "SELECT c.relname || ': ' || a.attname || ' references ' || r.relname || CASE f.confdeltype WHEN 'c' THEN
         ' and goes with it' ELSE '' END AS fact
     FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
     WHERE f.contype = 'f' AND c.relnamespace = current_schema()::regnamespace",
];

/// Every table, column, key, index and reference of a database.
///
/// Types are told apart as far as both backends do: an identifier and other bytes are one to SQLite, a truth value and
/// a number too.
pub async fn describe(database: &Database) -> Result<BTreeSet<String>, Error> {
    let questions = match database.backend() {
        Backend::Sqlite => SQLITE,
        Backend::Postgres => POSTGRES,
    };
    let mut facts = BTreeSet::new();
    for question in questions {
        let mut connection = database.read().await?;
        let rows: Vec<Fact> =
            on_db!(connection, c => sqlx::query_as::<_, Fact>(*question).fetch_all(c).await)?;
        facts.extend(rows.into_iter().map(|row| row.fact).filter(|fact| !fact.starts_with(OWN)));
    }
    Ok(facts)
}
