//! The log that the settings name, opened by the driver of its URL.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::StartError;
use crate::config::StoreConfig;
use crate::store::Store;
use crate::store::postgres::{self, Postgres};
use crate::store::sqlite::{self, Sqlite};

/// A log that can be closed.
pub(super) enum Log {
    /// In a file, for one node.
    Sqlite(Arc<Sqlite>),
    /// In a database that other nodes may use.
    Postgres(Arc<Postgres>),
}

impl Log {
    /// Opens it and brings its tables up to date.
    pub(super) async fn open(config: &StoreConfig) -> Result<Self, StartError> {
        let url = config.database_url.expose_secret();
        if config.is_postgres() {
            tracing::info!("opening the log in PostgreSQL");
            let options = postgres::Options {
                readers: config.database_connections.get(),
                timeout: config.database_timeout,
            };
            return Ok(Self::Postgres(Arc::new(Postgres::open(url, options).await?)));
        }
        if let Some(file) = config.sqlite_file() {
            tracing::info!(file = %file.display(), "opening the log");
        }
        Ok(Self::Sqlite(Arc::new(Sqlite::open(url, sqlite::Options::default()).await?)))
    }

    /// The log as every other part sees it.
    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::<Sqlite>::clone(store),
            Self::Postgres(store) => Arc::<Postgres>::clone(store),
        }
    }

    /// Waits for the write under way and closes it.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
