//! Reading notifications: where they stand, the stream, the list.

use std::collections::BTreeMap;
use std::slice;

use sqlx::FromRow;
use sqlx::sqlite::SqlitePool;
use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{Timestamp, UserId};

use super::super::{Notice, NotificationHeads, NotificationPosition, Page, StoreError, merge_notices};
use super::row::corrupt;
use super::row::{HeadsRow, json, number, page, position, user_id};

// A user who was never seen starts at the newest broadcast.
const HEADS: &str = "
SELECT wanted.value AS user_id, coalesce(u.notification_head, 0) AS own_head, s.broadcast_head,
       coalesce(u.handed_own, 0) AS own_handed,
       iif(u.last_seen IS NULL, s.broadcast_head, u.handed_broadcast) AS broadcast_handed,
       coalesce(u.notification_expired, 0) AS own_expired, s.broadcast_expired,
       (SELECT count(*) FROM notifications
        WHERE user_id = wanted.value AND read = 0 AND deleted = 0) AS unread
FROM json_each(?1) wanted CROSS JOIN log_state s LEFT JOIN users u ON u.user_id = wanted.value";

pub(super) async fn heads(
    pool: &SqlitePool,
    users: &[UserId],
) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError> {
    let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let rows: Vec<HeadsRow> = sqlx::query_as(HEADS).bind(json(&ids)?).fetch_all(pool).await?;
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
            title: self.title,
            message: self.message,
            kind: self.kind,
            data: serde_json::from_str(&self.data).map_err(corrupt)?,
            read: self.read,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }

    fn broadcast(self) -> Broadcast {
        Broadcast {
            id: self.notice_id,
            title: self.title,
            message: self.message,
            kind: self.kind,
            created_at: Timestamp::from_millis(self.created_at),
        }
    }
}

// Both lists in one statement, so that both are of one moment; each in its own order. They are merged by time.
const NOTICES: &str = "
SELECT * FROM (
    SELECT 0 AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read,
           created_at
    FROM notifications
    WHERE user_id = ?1 AND position > ?2 AND deleted = 0
    ORDER BY position LIMIT ?4
)
UNION ALL
SELECT * FROM (
    SELECT 1, b.position, b.broadcast_id, '', b.title, b.message, b.kind, '', 0, b.created_at
    FROM users u
    CROSS JOIN broadcasts b ON b.position > max(?3, u.broadcast_start)
    WHERE u.user_id = ?1 AND u.last_seen IS NOT NULL
    ORDER BY b.position LIMIT ?4
)";

pub(super) async fn notices(
    pool: &SqlitePool,
    user: &UserId,
    after: NotificationPosition,
    limit: u32,
) -> Result<Vec<Notice>, StoreError> {
    let query = sqlx::query_as::<_, NoticeRow>(NOTICES).bind(user.as_str()).bind(number(after.own));
    let query = query.bind(number(after.broadcast)).bind(limit);
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
SELECT 0 AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read, created_at,
    (SELECT count(*) FROM notifications WHERE user_id = ?1 AND read = 0 AND deleted = 0) AS unread
FROM notifications
WHERE user_id = ?1 AND deleted = 0
  AND (?2 IS NULL OR position < coalesce(
      (SELECT position FROM notifications WHERE user_id = ?1 AND notification_id = ?2), 0))
ORDER BY position DESC LIMIT ?3";

const LIST_UNREAD: &str = "
SELECT 0 AS broadcast, position, notification_id AS notice_id, user_id, title, message, kind, data, read, created_at,
    (SELECT count(*) FROM notifications WHERE user_id = ?1 AND read = 0 AND deleted = 0) AS unread
FROM notifications
WHERE user_id = ?1 AND read = 0 AND deleted = 0
  AND (?2 IS NULL OR position < coalesce(
      (SELECT position FROM notifications WHERE user_id = ?1 AND notification_id = ?2), 0))
ORDER BY position DESC LIMIT ?3";

pub(super) async fn notifications(
    pool: &SqlitePool,
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
