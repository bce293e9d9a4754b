//! What PostgreSQL promises beyond the conformance suite.

mod cluster;
mod later;
mod opening;
mod outage;
mod search;

use std::sync::Arc;

use tidings_testbed::postgres::{self, Database};

use super::{Options, Postgres};

async fn open(database: &Database) -> Postgres {
    Postgres::open(&database.url(), Options::default()).await.unwrap()
}

/// A server that may be stopped: no other test is in it.
fn own_server() -> (Arc<postgres::Postgres>, Database) {
    let server = Arc::new(postgres::Postgres::start().unwrap());
    let database = Database::on(&server).unwrap();
    (server, database)
}
