//! People: seen, looked up and found by the beginning of their id or name.

use std::collections::BTreeMap;

use sqlx::FromRow;
use sqlx::sqlite::{SqliteConnection, SqlitePool};
use tidings_protocol::{Timestamp, UserId};

use super::super::{Page, StoreError, UserRecord, Written};
use super::row::{json, page, position, user_id};
use super::writer::Outcome;

#[derive(FromRow)]
struct UserRow {
    user_id: String,
    name: Option<String>,
    last_seen: i64,
    inbox_head: i64,
}

impl UserRow {
    fn record(self) -> Result<UserRecord, StoreError> {
        Ok(UserRecord {
            user_id: user_id(self.user_id)?,
            name: self.name,
            last_seen: Timestamp::from_millis(self.last_seen),
            inbox_seq: position(self.inbox_head)?,
        })
    }
}

// Broadcasts begin for a user when it is first seen.
const SEE: &str = "
INSERT INTO users (user_id, id_folded, name, name_folded, last_seen, handed_broadcast, broadcast_start)
SELECT ?1, ?2, ?3, ?4, ?5, broadcast_head, broadcast_head FROM log_state WHERE true
ON CONFLICT (user_id) DO UPDATE SET
    name = coalesce(excluded.name, name),
    name_folded = coalesce(excluded.name_folded, name_folded),
    handed_broadcast = iif(last_seen IS NULL, excluded.handed_broadcast, handed_broadcast),
    broadcast_start = iif(last_seen IS NULL, excluded.broadcast_start, broadcast_start),
    last_seen = max(coalesce(last_seen, 0), excluded.last_seen)
RETURNING user_id, name, last_seen, inbox_head";

pub(super) async fn see(
    conn: &mut SqliteConnection,
    user: &UserId,
    name: Option<String>,
    at: Timestamp,
) -> Result<Outcome, StoreError> {
    let name_folded = name.as_deref().map(str::to_lowercase);
    let statement = sqlx::query_as::<_, UserRow>(SEE).bind(user.as_str()).bind(user.as_str().to_lowercase());
    let statement = statement.bind(name).bind(name_folded).bind(at.as_millis());
    Ok(Ok(Written::User(statement.fetch_one(conn).await?.record()?)))
}

const SEEN: &str = "
SELECT user_id, name, last_seen, inbox_head
FROM json_each(?1) wanted CROSS JOIN users ON user_id = wanted.value WHERE last_seen IS NOT NULL";

pub(super) async fn seen(
    pool: &SqlitePool,
    users: &[UserId],
) -> Result<BTreeMap<UserId, UserRecord>, StoreError> {
    let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let rows: Vec<UserRow> = sqlx::query_as(SEEN).bind(json(&ids)?).fetch_all(pool).await?;
    let seen = rows.into_iter().map(|row| {
        let record = row.record()?;
        Ok((record.user_id.clone(), record))
    });
    seen.collect()
}

const ALL: &str = "
SELECT user_id, name, last_seen, inbox_head FROM users WHERE last_seen IS NOT NULL
ORDER BY user_id LIMIT ?";

const BEGINNING: &str = "
SELECT user_id, name, last_seen, inbox_head FROM users
WHERE user_id IN (
    SELECT user_id FROM users WHERE last_seen IS NOT NULL AND id_folded >= ?1 AND id_folded < ?2
    UNION
    SELECT user_id FROM users WHERE last_seen IS NOT NULL AND name_folded >= ?1 AND name_folded < ?2
)
ORDER BY user_id LIMIT ?3";

pub(super) async fn users(
    pool: &SqlitePool,
    prefix: &str,
    limit: u32,
) -> Result<Page<UserRecord>, StoreError> {
    let more = i64::from(limit) + 1;
    let rows: Vec<UserRow> = if prefix.is_empty() {
        sqlx::query_as(ALL).bind(more).fetch_all(pool).await?
    } else {
        let prefix = prefix.to_lowercase();
        let beyond = format!("{prefix}{}", char::MAX);
        sqlx::query_as(BEGINNING).bind(prefix).bind(beyond).bind(more).fetch_all(pool).await?
    };
    page(rows, limit, UserRow::record)
}
