//! Reading notifications: where they stand, the stream, the list.

use std::collections::BTreeMap;
use std::slice;

use sqlx::FromRow;
use sqlx::postgres::PgPool;
use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{Timestamp, UserId};

use super::super::columns::{HeadsRow, corrupt, number, page, position, user_id};
use super::super::{Notice, NotificationHeads, NotificationPosition, Page, StoreError, merge_notices};
use super::text::plain;

// A user who was never seen starts at the newest broadcast.
const HEADS: &str = "
SELECT wanted.user_id, coalesce(u.notification_head, 0) AS own_head, s.broadcast_head,
       coalesce(u.handed_own, 0) AS own_handed,
       CASE WHEN u.last_seen IS NULL THEN s.broadcast_head ELSE u.handed_broadcast END AS broadcast_handed,
       coalesce(u.notification_expired, 0) AS own_expired, s.broadcast_expired,
       (SELECT count(*) FROM notifications
        WHERE user_id = wanted.user_id AND NOT read AND NOT deleted) AS unread
FROM unnest($1::text[]) wanted (user_id) CROSS JOIN log_state s
LEFT JOIN users u ON u.user_id = wanted.user_id";

pub(super) async fn heads(
    pool: &PgPool,
    users: &[UserId],
) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError> {
    let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let rows: Vec<HeadsRow> = sqlx::query_as(HEADS).bind(ids).fetch_all(pool).await?;
    rows.into_iter().map(HeadsRow::heads).collect()
}

#[derive(FromRow)]
struct NoticeRow {
    broadcast: bool,
    position: i64,
    notice_id: String,
    user_id: String,
    title: String,
    message: String,
    kind: String,
    data: String,
    read: bool,
    created_at: i64,
    /// The user's unread ones, where they were asked for.
    #[sqlx(default)]
    unread: i64,
}

impl NoticeRow {
    fn notification(self) -> Result<Notification, StoreError> {
        Ok(Notification {
            id: self.notice_id,
            user_id: user_id(self.user_id)?,
            title: plain(self.title),
            message: plain(self.message),
            kind: plain(self.kind),
            data: serde_json::from_str(&self.data).map_err(corrupt)?,
            read: self.read,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }

    fn broadcast(self) -> Broadcast {
        Broadcast {
            id: self.notice_id,
            title: plain(self.title),
            message: plain(self.message),
            kind: plain(self.kind),
            created_at: Timestamp::from_millis(self.created_at),
        }
    }
}

// Both lists in one statement, so that both are of one moment; each in its own order. They are merged by time.
const NOTICES: &str = "
SELECT * FROM (
    SELECT false AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read,
           created_at
    FROM notifications
    WHERE user_id = $1 AND position > $2 AND NOT deleted
    ORDER BY position LIMIT $4
) own
UNION ALL
SELECT * FROM (
    SELECT true, b.position, b.broadcast_id, '', b.title, b.message, b.kind, '', false, b.created_at
    FROM users u
    JOIN broadcasts b ON b.position > greatest($3, u.broadcast_start)
    WHERE u.user_id = $1 AND u.last_seen IS NOT NULL
    ORDER BY b.position LIMIT $4
) broadcasts";

pub(super) async fn notices(
    pool: &PgPool,
    user: &UserId,
    after: NotificationPosition,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let query = sqlx::query_as::<_, NoticeRow>(NOTICES).bind(user.as_str()).bind(number(after.own));
    let query = query.bind(number(after.broadcast)).bind(i64::from(limit));
    let mut own = Vec::new();
    let mut broadcasts = Vec::new();
    for row in query.fetch_all(pool).await? {
        let position = position(row.position)?;
        if row.broadcast {
            broadcasts.push((position, row.broadcast()));
        } else {
            own.push((position, row.notification()?));
        }
    }
    Ok(merge_notices(own, broadcasts, limit as usize))
}

const LIST: &str = "
SELECT false AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read, created_at,
    (SELECT count(*) FROM notifications WHERE user_id = $1 AND NOT read AND NOT deleted) AS unread
FROM notifications
WHERE user_id = $1 AND NOT deleted
  AND ($2::text IS NULL OR position < coalesce(
      (SELECT position FROM notifications WHERE user_id = $1 AND notification_id = $2), 0))
ORDER BY position DESC LIMIT $3";

const LIST_UNREAD: &str = "
SELECT false AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read, created_at,
    (SELECT count(*) FROM notifications WHERE user_id = $1 AND NOT read AND NOT deleted) AS unread
FROM notifications
WHERE user_id = $1 AND NOT read AND NOT deleted
  AND ($2::text IS NULL OR position < coalesce(
      (SELECT position FROM notifications WHERE user_id = $1 AND notification_id = $2), 0))
ORDER BY position DESC LIMIT $3";

pub(super) async fn notifications(
    pool: &PgPool,
    user: &UserId,
    unread_only: bool,
    before: Option<&str>,
    limit: u32,
) -> Result<(Page<Notification>, u64), StoreError> {
    let statement = if unread_only { LIST_UNREAD } else { LIST };
    let query = sqlx::query_as::<_, NoticeRow>(statement).bind(user.as_str()).bind(before);
    let rows = query.bind(i64::from(limit) + 1).fetch_all(pool).await?;
    // Of one moment with the page, where there is any.
    let unread = match rows.first() {
        Some(row) => position(row.unread)?,
        None if before.is_none() => 0,
        None => heads(pool, slice::from_ref(user)).await?.get(user).map_or(0, |heads| heads.unread),
    };
    Ok((page(rows, limit, NoticeRow::notification)?, unread))
}
