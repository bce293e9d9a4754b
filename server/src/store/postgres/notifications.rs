//! Storing and marking notifications and broadcasts.

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::{ClientId, Timestamp, UserId};

use super::super::columns::{number, position};
use super::super::{
    NewBroadcast, NewNotification, NotificationPosition, Refusal, StoreError, Which, Written, fingerprint,
};
use super::Outcome;
use super::error::Failure;
use super::text::stored;

/// What a (sender, id) has made before.
#[derive(FromRow)]
struct Used {
    fingerprint: i64,
    place: String,
    position: i64,
}

async fn used(
    conn: &mut PgConnection,
    sender: &UserId,
    id: Option<&ClientId>,
) -> Result<Option<Used>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let query = sqlx::query_as(
        "SELECT fingerprint, place, position FROM idempotency_keys WHERE sender = $1 AND client_id = $2",
    );
    Ok(query.bind(sender.as_str()).bind(stored(id.as_str())).fetch_optional(conn).await?)
}

async fn remember(
    conn: &mut PgConnection,
    sender: &UserId,
    id: Option<&ClientId>,
    used: Used,
) -> Result<(), Failure> {
    let Some(id) = id else { return Ok(()) };
    let insert = sqlx::query(
        "INSERT INTO idempotency_keys (sender, client_id, fingerprint, place, position) VALUES ($1, $2, $3, $4, $5)",
    );
    let insert = insert.bind(sender.as_str()).bind(stored(id.as_str())).bind(used.fingerprint);
    insert.bind(used.place).bind(used.position).execute(conn).await?;
    Ok(())
}

const NEXT_POSITION: &str = "
INSERT INTO users (user_id, id_folded, notification_head) VALUES ($1, $2, 1)
ON CONFLICT (user_id) DO UPDATE SET notification_head = users.notification_head + 1
RETURNING notification_head";

const NOTIFY: &str = "
INSERT INTO notifications
    (user_id, position, notification_id, title, message, kind, data, created_at, sender, client_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const NOTIFIED: &str = "
SELECT notification_id, read, created_at FROM notifications WHERE user_id = $1 AND position = $2";

pub(super) async fn notify(conn: &mut PgConnection, new: NewNotification) -> Result<Outcome, Failure> {
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
    let data = serde_json::to_string(&notification.data)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let next = sqlx::query_scalar(NEXT_POSITION).bind(user).bind(user.to_lowercase());
    let next: i64 = next.fetch_one(&mut *conn).await?;
    let insert =
        sqlx::query(NOTIFY).bind(user).bind(next).bind(&notification.id).bind(stored(&notification.title));
    let insert = insert.bind(stored(&notification.message)).bind(stored(&notification.kind)).bind(data);
    let insert = insert.bind(notification.created_at.as_millis()).bind(new.sender.as_str());
    insert.bind(new.client_id.as_ref().map(|id| stored(id.as_str()))).execute(&mut *conn).await?;
    let used = Used { fingerprint, place: user.to_owned(), position: next };
    remember(conn, &new.sender, new.client_id.as_ref(), used).await?;
    let position = position(next)?;
    Ok(Ok(Written::Notified { position, notification: Box::new(notification), duplicate: false }))
}

const NEXT_BROADCAST: &str = "
UPDATE log_state SET broadcast_head = broadcast_head + 1 RETURNING broadcast_head";

const BROADCAST: &str = "
INSERT INTO broadcasts (position, broadcast_id, title, message, kind, created_at, sender, client_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) async fn broadcast(conn: &mut PgConnection, new: NewBroadcast) -> Result<Outcome, Failure> {
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
        let query = sqlx::query_as("SELECT broadcast_id, created_at FROM broadcasts WHERE position = $1");
        let (id, at): (String, i64) = query.bind(first.position).fetch_one(conn).await?;
        broadcast.id = id;
        broadcast.created_at = Timestamp::from_millis(at);
        let position = position(first.position)?;
        return Ok(Ok(Written::Broadcast { position, broadcast: Box::new(broadcast), duplicate: true }));
    }
    let next: i64 = sqlx::query_scalar(NEXT_BROADCAST).fetch_one(&mut *conn).await?;
    let insert = sqlx::query(BROADCAST).bind(next).bind(&broadcast.id).bind(stored(&broadcast.title));
    let insert = insert
        .bind(stored(&broadcast.message))
        .bind(stored(&broadcast.kind))
        .bind(broadcast.created_at.as_millis());
    let insert = insert.bind(new.sender.as_str()).bind(new.client_id.as_ref().map(|id| stored(id.as_str())));
    insert.execute(&mut *conn).await?;
    let used = Used { fingerprint, place: String::new(), position: next };
    remember(conn, &new.sender, new.client_id.as_ref(), used).await?;
    let position = position(next)?;
    Ok(Ok(Written::Broadcast { position, broadcast: Box::new(broadcast), duplicate: false }))
}

const READ_ONE: &str = "
UPDATE notifications SET read = TRUE WHERE user_id = $1 AND notification_id = $2 AND NOT read";

const READ_ALL: &str = "
UPDATE notifications SET read = TRUE WHERE user_id = $1 AND NOT read AND NOT deleted";

pub(super) async fn read(conn: &mut PgConnection, user: &UserId, which: &Which) -> Result<Outcome, Failure> {
    mark(conn, user, which, READ_ONE, READ_ALL).await
}

const DELETE_ONE: &str = "
UPDATE notifications SET deleted = TRUE, title = '', message = '', data = '{}'
WHERE user_id = $1 AND notification_id = $2";

const DELETE_ALL: &str = "
UPDATE notifications SET deleted = TRUE, title = '', message = '', data = '{}'
WHERE user_id = $1 AND NOT deleted";

pub(super) async fn delete(
    conn: &mut PgConnection,
    user: &UserId,
    which: &Which,
) -> Result<Outcome, Failure> {
    mark(conn, user, which, DELETE_ONE, DELETE_ALL).await
}

const EXISTS: &str = "
SELECT EXISTS (SELECT 1 FROM notifications WHERE user_id = $1 AND notification_id = $2 AND NOT deleted)";

const UNREAD: &str = "
SELECT count(*) FROM notifications WHERE user_id = $1 AND NOT read AND NOT deleted";

async fn mark(
    conn: &mut PgConnection,
    user: &UserId,
    which: &Which,
    one: &'static str,
    all: &'static str,
) -> Result<Outcome, Failure> {
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
    handed_own = greatest(handed_own, least($2, notification_head)),
    handed_broadcast = greatest(handed_broadcast, least($3, (SELECT broadcast_head FROM log_state)))
WHERE user_id = $1";

pub(super) async fn handed(
    conn: &mut PgConnection,
    user: &UserId,
    handed: NotificationPosition,
) -> Result<Outcome, Failure> {
    let statement = sqlx::query(HANDED).bind(user.as_str()).bind(number(handed.own));
    statement.bind(number(handed.broadcast)).execute(conn).await?;
    Ok(Ok(Written::Nothing))
}
