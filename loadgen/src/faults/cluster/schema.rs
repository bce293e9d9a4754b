//! A migration as a later version may bring one: a column and an index on the table that is written to most, under the
//! lock that all migrations take.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, SqlStr};
use tokio::time::Instant;

use super::probe::Probe;
use crate::error::Error;

/// Behind all that there will be.
const VERSION: i64 = 9_999_001;
const CHANGE: &str = "ALTER TABLE messages ADD COLUMN of_a_later_version text;
    CREATE INDEX messages_of_a_later_version ON messages (of_a_later_version, at)";

/// Applies it where it is not yet. Returns how long that took, and the longest ACK meanwhile: one probe alone may be
/// acknowledged before the change begins.
pub(super) async fn change(url: &str, probe: &mut Probe) -> Result<(Duration, Duration), Error> {
    let (began, is_over) = (Instant::now(), Cell::new(false));
    let changing = async {
        apply(url)
            .await
            .map_err(|source| Error::Database { file: "a later version's table".to_owned(), source })?;
        is_over.set(true);
        Ok(began.elapsed())
    };
    let probing = async {
        let mut longest = Duration::ZERO;
        while !is_over.get() {
            longest = longest.max(probe.acknowledged().await?);
        }
        Ok(longest)
    };
    tokio::try_join!(changing, probing)
}

async fn apply(url: &str) -> Result<(), sqlx::Error> {
    let mut conn = PgConnection::connect(url).await?;
    let of_a_later_version = Migration::new(
        VERSION,
        Cow::Borrowed("of a later version"),
        MigrationType::Simple,
        SqlStr::from_static(CHANGE),
        false,
    );
    let migrator = Migrator { ignore_missing: true, ..Migrator::with_migrations(vec![of_a_later_version]) };
    migrator.run_direct(None, &mut conn, false).await?;
    conn.close().await
}
