//! Retention: old notifications and broadcasts go, with their keys. Every node asks for it, and one at a time does it.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use tidings_protocol::{Timestamp, UserId};

use super::super::Written;
use super::Outcome;
use super::error::Failure;

/// Keeps this advisory lock apart from others in the same database.
const PRUNING: i64 = 0x7469_6402;

// Only of users who are locked: of others there may be new ones since.
const NOTIFICATIONS: &str = "
WITH gone AS (
    DELETE FROM notifications n USING (
        SELECT user_id, position FROM notifications
        WHERE created_at < $1 AND user_id = ANY($3) ORDER BY created_at, id LIMIT $2
    ) old
    WHERE n.user_id = old.user_id AND n.position = old.position
    RETURNING n.user_id, n.position, n.sender, n.client_id
), forgotten AS (
    DELETE FROM idempotency_keys k USING gone WHERE k.sender = gone.sender AND k.client_id = gone.client_id
), expired AS (
    UPDATE users u SET notification_expired = greatest(u.notification_expired, last.position)
    FROM (SELECT user_id, max(position) AS position FROM gone GROUP BY user_id) last
    WHERE u.user_id = last.user_id
)
SELECT count(*) FROM gone";

const BROADCASTS: &str = "
WITH gone AS (
    DELETE FROM broadcasts WHERE position IN (
        SELECT position FROM broadcasts WHERE created_at < $1 ORDER BY created_at, position LIMIT $2
    )
    RETURNING position, sender, client_id
), forgotten AS (
    DELETE FROM idempotency_keys k USING gone WHERE k.sender = gone.sender AND k.client_id = gone.client_id
), expired AS (
    UPDATE log_state SET broadcast_expired = greatest(broadcast_expired, (SELECT max(position) FROM gone))
    WHERE EXISTS (SELECT 1 FROM gone)
)
SELECT count(*) FROM gone";

pub(super) async fn prune(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: u32,
    locked: &BTreeSet<UserId>,
) -> Result<Outcome, Failure> {
    let alone = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(PRUNING);
    if !alone.fetch_one(&mut *conn).await? {
        return Ok(Ok(Written::Pruned { removed: 0 }));
    }
    let users: Vec<&str> = locked.iter().map(UserId::as_str).collect();
    let notifications = sqlx::query_scalar(NOTIFICATIONS).bind(before.as_millis()).bind(i64::from(limit));
    let notifications: i64 = notifications.bind(users).fetch_one(&mut *conn).await?;
    let broadcasts = sqlx::query_scalar(BROADCASTS).bind(before.as_millis()).bind(i64::from(limit));
    let broadcasts: i64 = broadcasts.fetch_one(conn).await?;
    Ok(Ok(Written::Pruned { removed: (notifications + broadcasts).unsigned_abs() }))
}
