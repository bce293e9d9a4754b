//! Storing and marking notifications and broadcasts.

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{ClientId, Timestamp, UserId};

use super::super::{
    NewBroadcast, NewNotification, NotificationPosition, Refusal, StoreError, Which, Written, fingerprint,
};
use super::row::{json, number, position};
use super::writer::Outcome;

/// What a (sender, id) has made before.
#[derive(FromRow)]
struct Used {
    fingerprint: i64,
    place: String,
    position: i64,
}

async fn used(
    conn: &mut SqliteConnection,
    sender: &UserId,
    id: Option<&ClientId>,
) -> Result<Option<Used>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let query = sqlx::query_as(
        "SELECT fingerprint, place, position FROM idempotency_keys WHERE sender = ? AND client_id = ?",
    );
    Ok(query.bind(sender.as_str()).bind(id.as_str()).fetch_optional(conn).await?)
}

async fn remember(
    conn: &mut SqliteConnection,
    sender: &UserId,
    id: Option<&ClientId>,
    used: Used,
) -> Result<(), StoreError> {
    let Some(id) = id else { return Ok(()) };
    let insert = sqlx::query(
        "INSERT INTO idempotency_keys (sender, client_id, fingerprint, place, position) VALUES (?, ?, ?, ?, ?)",
    );
    let insert = insert.bind(sender.as_str()).bind(id.as_str()).bind(used.fingerprint);
    insert.bind(used.place).bind(used.position).execute(conn).await?;
    Ok(())
}

const NEXT_POSITION: &str = "
INSERT INTO users (user_id, id_folded, notification_head) VALUES (?1, ?2, 1)
ON CONFLICT (user_id) DO UPDATE SET notification_head = notification_head + 1
RETURNING notification_head";

const NOTIFY: &str = "
INSERT INTO notifications
    (user_id, position, notification_id, title, message, kind, data, created_at, sender, client_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

const NOTIFIED: &str = "
SELECT notification_id, read, created_at FROM notifications WHERE user_id = ? AND position = ?";

pub(super) async fn notify(conn: &mut SqliteConnection, new: NewNotification) -> Result<Outcome, StoreError> {
    let fingerprint = fingerprint::of_notification(&new)?;
    let mut notification = Notification {
        id: new.new_id,
        user_id: new.user_id,
        title: new.title,
        message: new.message,
        kind: new.kind,
        data: new.data,
        read: false,
        created_at: new.at,
    };
    if let Some(first) = used(conn, &new.sender, new.client_id.as_ref()).await? {
        if first.fingerprint != fingerprint {
            return Ok(Err(Refusal::Conflict));
        }
        // The text is the same, and the stored one may have been deleted.
        let query = sqlx::query_as(NOTIFIED).bind(first.place).bind(first.position);
        let (id, read, at): (String, bool, i64) = query.fetch_one(conn).await?;
        notification.id = id;
        notification.read = read;
        notification.created_at = Timestamp::from_millis(at);
        let position = position(first.position)?;
        return Ok(Ok(Written::Notified { position, notification: Box::new(notification), duplicate: true }));
    }
    let user = notification.user_id.as_str();
    let next = sqlx::query_scalar(NEXT_POSITION).bind(user).bind(user.to_lowercase());
    let next: i64 = next.fetch_one(&mut *conn).await?;
    let insert = sqlx::query(NOTIFY).bind(user).bind(next).bind(&notification.id).bind(&notification.title);
    let insert = insert.bind(&notification.message).bind(&notification.kind).bind(json(&notification.data)?);
    let insert = insert.bind(notification.created_at.as_millis()).bind(new.sender.as_str());
    insert.bind(new.client_id.as_ref().map(ClientId::as_str)).execute(&mut *conn).await?;
    let used = Used { fingerprint, place: user.to_owned(), position: next };
    remember(conn, &new.sender, new.client_id.as_ref(), used).await?;
    let position = position(next)?;
    Ok(Ok(Written::Notified { position, notification: Box::new(notification), duplicate: false }))
}

const NEXT_BROADCAST: &str = "
UPDATE log_state SET broadcast_head = broadcast_head + 1 RETURNING broadcast_head";

const BROADCAST: &str = "
INSERT INTO broadcasts (position, broadcast_id, title, message, kind, created_at, sender, client_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) async fn broadcast(conn: &mut SqliteConnection, new: NewBroadcast) -> Result<Outcome, StoreError> {
    let fingerprint = fingerprint::of_broadcast(&new);
    let mut broadcast = Broadcast {
        id: new.new_id,
        title: new.title,
        message: new.message,
        kind: new.kind,
        created_at: new.at,
    };
    if let Some(first) = used(conn, &new.sender, new.client_id.as_ref()).await? {
        if first.fingerprint != fingerprint {
            return Ok(Err(Refusal::Conflict));
        }
        let query = sqlx::query_as("SELECT broadcast_id, created_at FROM broadcasts WHERE position = ?");
        let (id, at): (String, i64) = query.bind(first.position).fetch_one(conn).await?;
        broadcast.id = id;
        broadcast.created_at = Timestamp::from_millis(at);
        let position = position(first.position)?;
        return Ok(Ok(Written::Broadcast { position, broadcast: Box::new(broadcast), duplicate: true }));
    }
    let next: i64 = sqlx::query_scalar(NEXT_BROADCAST).fetch_one(&mut *conn).await?;
    let insert = sqlx::query(BROADCAST).bind(next).bind(&broadcast.id).bind(&broadcast.title);
    let insert = insert.bind(&broadcast.message).bind(&broadcast.kind).bind(broadcast.created_at.as_millis());
    let insert = insert.bind(new.sender.as_str()).bind(new.client_id.as_ref().map(ClientId::as_str));
    insert.execute(&mut *conn).await?;
    let used = Used { fingerprint, place: String::new(), position: next };
    remember(conn, &new.sender, new.client_id.as_ref(), used).await?;
    let position = position(next)?;
    Ok(Ok(Written::Broadcast { position, broadcast: Box::new(broadcast), duplicate: false }))
}

const READ_ONE: &str = "
UPDATE notifications SET read = 1 WHERE user_id = ? AND notification_id = ? AND read = 0";

const READ_ALL: &str = "
UPDATE notifications SET read = 1 WHERE user_id = ? AND read = 0 AND deleted = 0";

pub(super) async fn read(
    conn: &mut SqliteConnection,
    user: &UserId,
    which: &Which,
) -> Result<Outcome, StoreError> {
    mark(conn, user, which, READ_ONE, READ_ALL).await
}

const DELETE_ONE: &str = "
UPDATE notifications SET deleted = 1, title = '', message = '', data = '{}'
WHERE user_id = ? AND notification_id = ?";

const DELETE_ALL: &str = "
UPDATE notifications SET deleted = 1, title = '', message = '', data = '{}'
WHERE user_id = ? AND deleted = 0";

pub(super) async fn delete(
    conn: &mut SqliteConnection,
    user: &UserId,
    which: &Which,
) -> Result<Outcome, StoreError> {
    mark(conn, user, which, DELETE_ONE, DELETE_ALL).await
}

const EXISTS: &str = "
SELECT EXISTS (SELECT 1 FROM notifications WHERE user_id = ? AND notification_id = ? AND deleted = 0)";

const UNREAD: &str = "
SELECT count(*) FROM notifications WHERE user_id = ? AND read = 0 AND deleted = 0";

async fn mark(
    conn: &mut SqliteConnection,
    user: &UserId,
    which: &Which,
    one: &'static str,
    all: &'static str,
) -> Result<Outcome, StoreError> {
    let update = match which {
        Which::All => sqlx::query(all).bind(user.as_str()),
        Which::One(id) => {
            let exists: bool =
                sqlx::query_scalar(EXISTS).bind(user.as_str()).bind(id).fetch_one(&mut *conn).await?;
            if !exists {
                return Ok(Err(Refusal::NotFound));
            }
            sqlx::query(one).bind(user.as_str()).bind(id)
        }
    };
    let changed = update.execute(&mut *conn).await?.rows_affected() > 0;
    let unread: i64 = sqlx::query_scalar(UNREAD).bind(user.as_str()).fetch_one(conn).await?;
    Ok(Ok(Written::NotificationState { changed, unread: position(unread)? }))
}

const HANDED: &str = "
UPDATE users SET
    handed_own = max(handed_own, min(?2, notification_head)),
    handed_broadcast = max(handed_broadcast, min(?3, (SELECT broadcast_head FROM log_state)))
WHERE user_id = ?1";

pub(super) async fn handed(
    conn: &mut SqliteConnection,
    user: &UserId,
    handed: NotificationPosition,
) -> Result<Outcome, StoreError> {
    let statement = sqlx::query(HANDED).bind(user.as_str()).bind(number(handed.own));
    statement.bind(number(handed.broadcast)).execute(conn).await?;
    Ok(Ok(Written::Nothing))
}
