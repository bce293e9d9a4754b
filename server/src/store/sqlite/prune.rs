//! Retention: old notifications and broadcasts go, with their keys.

use sqlx::sqlite::SqliteConnection;
use tidings_protocol::Timestamp;

use super::super::{StoreError, Written};
use super::row::json;
use super::writer::Outcome;

/// Whose, at which position, and the key that made it.
type Removed = (String, i64, String, Option<String>);

const NOTIFICATIONS: &str = "
DELETE FROM notifications WHERE id IN (
    SELECT id FROM notifications WHERE created_at < ?1 ORDER BY created_at, id LIMIT ?2
)
RETURNING user_id, position, sender, client_id";

const BROADCASTS: &str = "
DELETE FROM broadcasts WHERE position IN (
    SELECT position FROM broadcasts WHERE created_at < ?1 ORDER BY created_at, position LIMIT ?2
)
RETURNING '', position, sender, client_id";

const EXPIRE_NOTIFICATIONS: &str = "
UPDATE users SET notification_expired = max(notification_expired, gone.position)
FROM (SELECT value ->> 0 AS user_id, max(value ->> 1) AS position FROM json_each(?) GROUP BY 1) gone
WHERE users.user_id = gone.user_id";

const EXPIRE_BROADCASTS: &str = "
UPDATE log_state SET broadcast_expired = max(
    broadcast_expired, (SELECT max(value ->> 1) FROM json_each(?))
)";

const FORGET_KEYS: &str = "
DELETE FROM idempotency_keys WHERE (sender, client_id) IN (
    SELECT value ->> 2, value ->> 3 FROM json_each(?) WHERE value ->> 3 IS NOT NULL
)";

pub(super) async fn prune(
    conn: &mut SqliteConnection,
    before: Timestamp,
    limit: u32,
) -> Result<Outcome, StoreError> {
    let mut removed = 0;
    for (delete, expire) in [(NOTIFICATIONS, EXPIRE_NOTIFICATIONS), (BROADCASTS, EXPIRE_BROADCASTS)] {
        let delete = sqlx::query_as::<_, Removed>(delete).bind(before.as_millis()).bind(limit);
        let gone = delete.fetch_all(&mut *conn).await?;
        if gone.is_empty() {
            continue;
        }
        let rows = json(&gone)?;
        sqlx::query(expire).bind(&rows).execute(&mut *conn).await?;
        sqlx::query(FORGET_KEYS).bind(&rows).execute(&mut *conn).await?;
        removed += gone.len() as u64;
    }
    Ok(Ok(Written::Pruned { removed }))
}
