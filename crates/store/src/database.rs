//! One service's database: pools, connections, transactions.

use crate::{
    Backend, Bell, Connection, Error, Migration, Options, Tx, affected, bells::Bells, dialect::Isolation,
    migrations, options::Location, pools::Pools, postgres, sqlite,
};

/// A service's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    bells: Bells,
}

impl Database {
    /// Opens the database and applies the migrations that are missing.
    ///
    /// A file is created where there is none; a server's database too, if the role may. Several processes may open
    /// one database of a server at the same time: one of them migrates, the others wait.
    pub async fn open(options: &Options, list: &'static [Migration]) -> Result<Self, Error> {
        let pools = match &options.location {
            Location::File(path) => sqlite::connect(path, options).await?,
            Location::Server(_) => postgres::connect_or_create(options).await?,
        };
        migrations::apply(&pools, list).await?;
        Ok(Self::new(pools))
    }

    fn new(pools: Pools) -> Self {
        Self { bells: pools.bells(), pools }
    }

    /// Opens a database that exists and changes nothing, whatever its schema is.
    pub async fn open_as_it_is(options: &Options) -> Result<Self, Error> {
        let existing = Self::connect_existing(options).await?;
        existing.ok_or_else(|| Error::NoDatabase(format!("{:?}", options.location)))
    }

    async fn connect_existing(options: &Options) -> Result<Option<Self>, Error> {
        let pools = match &options.location {
            Location::File(path) if !path.exists() => None,
            Location::File(path) => Some(sqlite::connect(path, options).await?),
            Location::Server(_) => postgres::connect_existing(options).await?,
        };
        Ok(pools.map(Self::new))
    }

    /// The names of the migrations that [`Database::open`] would apply. Changes and creates nothing.
    pub async fn list_pending(
        options: &Options,
        list: &'static [Migration],
    ) -> Result<Vec<&'static str>, Error> {
        let Some(database) = Self::connect_existing(options).await? else {
            return Ok(list.iter().map(|migration| migration.name).collect());
        };
        let pending = migrations::list_pending(&database.pools, list).await;
        database.close().await;
        pending
    }

    /// What keeps it.
    pub const fn backend(&self) -> Backend {
        self.pools.backend()
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Connection, Error> {
        self.pools.read().await
    }

    /// Begins a transaction that may write. Dropped without [`Tx::commit`], it is rolled back.
    ///
    /// On SQLite it is alone. On PostgreSQL it sees what others commit meanwhile (READ COMMITTED): what it decides by,
    /// it must lock ([`Tx::lock`]) or repeat as a condition of the statement that writes; else use
    /// [`transact!`](crate::transact).
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.pools.begin(Isolation::ReadCommitted).await
    }

    /// Begins a transaction that behaves as if it were alone (SERIALIZABLE); it may fail with
    /// [`Error::Conflict`] and is then to be repeated, as [`transact!`](crate::transact) does.
    pub async fn begin_alone(&self) -> Result<Tx, Error> {
        self.pools.begin(Isolation::Serializable).await
    }

    /// The bell of a name, which [`Tx::ring_on_commit`] rings in every process that has this database.
    ///
    /// A ring can be lost, with its process or its connection, and a file has none for other processes: whoever waits
    /// looks now and then as well. Names are the program's own; there are a few in all.
    pub fn bell(&self, name: &'static str) -> Bell {
        self.bells.bell(name)
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.read().await?;
        crate::on_db!(connection, c => sqlx::query("SELECT 1").execute(c).await.map(affected))?;
        Ok(())
    }

    /// Closes every connection once it is given back.
    pub async fn close(&self) {
        self.bells.close().await;
        self.pools.close().await;
    }
}
