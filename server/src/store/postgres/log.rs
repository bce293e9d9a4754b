//! Reading the log of a room, the inbox of a user, and the name of them all.

use secrecy::SecretString;
use sqlx::FromRow;
use sqlx::postgres::PgPool;
use tidings_protocol::entity::Message;
use tidings_protocol::{Epoch, RoomId, Timestamp, UserId};

use super::super::columns::{
    MessageRow, change, client_id, corrupt, number, peers, position, room_id, user_id,
};
use super::super::{Entry, EntryBody, InboxEntry, StoreError};
use super::row::message;
use super::text::plain_option;

pub(super) async fn epoch(pool: &PgPool) -> Result<Epoch, StoreError> {
    let epoch: String = sqlx::query_scalar("SELECT epoch FROM log_state").fetch_one(pool).await?;
    Epoch::new(epoch).map_err(corrupt)
}

pub(super) async fn ticket_secret(pool: &PgPool) -> Result<SecretString, StoreError> {
    let secret: String = sqlx::query_scalar("SELECT ticket_secret FROM log_state").fetch_one(pool).await?;
    Ok(secret.into())
}

// Of both no more is read than is given; and being one statement it sees one state of the log.
const LOG: &str = concat!(
    "
SELECT e.seq AS entry_seq, e.kind, e.entry_at, e.actor, e.entry_client_id, e.emoji, 0::bigint AS inbox_seq,
       r.room_id AS entry_room, r.peer_a, r.peer_b, ",
    message_columns!(),
    ", NULL::text AS reactions
FROM (
    (SELECT seq, 0::bigint AS kind, id AS message, at AS entry_at, sender AS actor, client_id AS entry_client_id,
            NULL::text AS emoji
     FROM messages WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3)
    UNION ALL
    (SELECT seq, kind, message, at, actor, client_id, emoji
     FROM changes WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3)
    ORDER BY seq LIMIT $3
) e
JOIN messages m ON m.id = e.message
JOIN rooms r ON r.room_id = $1
ORDER BY e.seq"
);

// The same for one member of a direct room, whose inbox has every entry of it.
const DIRECT_LOG: &str = concat!(
    "
SELECT e.seq AS entry_seq, e.kind, e.entry_at, e.actor, e.entry_client_id, e.emoji, i.inbox_seq,
       r.room_id AS entry_room, r.peer_a, r.peer_b, ",
    message_columns!(),
    ", NULL::text AS reactions
FROM (
    (SELECT seq, 0::bigint AS kind, id AS message, at AS entry_at, sender AS actor, client_id AS entry_client_id,
            NULL::text AS emoji
     FROM messages WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3)
    UNION ALL
    (SELECT seq, kind, message, at, actor, client_id, emoji
     FROM changes WHERE room_id = $1 AND seq > $2 ORDER BY seq LIMIT $3)
    ORDER BY seq LIMIT $3
) e
JOIN messages m ON m.id = e.message
JOIN rooms r ON r.room_id = $1
JOIN inbox i ON i.user_id = $4 AND i.room_id = $1 AND i.seq = e.seq
ORDER BY e.seq"
);

const INBOX: &str = concat!(
    "
SELECT i.seq AS entry_seq, coalesce(c.kind, 0) AS kind, coalesce(c.at, m.at) AS entry_at,
       coalesce(c.actor, m.sender) AS actor, CASE WHEN c.seq IS NULL THEN m.client_id ELSE c.client_id END AS entry_client_id,
       c.emoji, i.inbox_seq, i.room_id AS entry_room, r.peer_a, r.peer_b, ",
    message_columns!(),
    ", NULL::text AS reactions
FROM inbox i
LEFT JOIN changes c ON c.room_id = i.room_id AND c.seq = i.seq
JOIN messages m
    ON m.id = coalesce(c.message, (SELECT id FROM messages WHERE room_id = i.room_id AND seq = i.seq))
JOIN rooms r ON r.room_id = i.room_id
WHERE i.user_id = $1 AND i.inbox_seq > $2
ORDER BY i.inbox_seq LIMIT $3"
);

#[derive(FromRow)]
struct EntryRow {
    entry_seq: i64,
    kind: i64,
    entry_at: i64,
    actor: String,
    entry_client_id: Option<String>,
    emoji: Option<String>,
    inbox_seq: i64,
    entry_room: String,
    peer_a: Option<String>,
    peer_b: Option<String>,
    #[sqlx(flatten)]
    message: MessageRow,
}

pub(super) async fn log(
    pool: &PgPool,
    room: &RoomId,
    after: u64,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    let query =
        sqlx::query_as::<_, EntryRow>(LOG).bind(room.as_str()).bind(number(after)).bind(i64::from(limit));
    query.fetch_all(pool).await?.into_iter().map(entry).collect()
}

pub(super) async fn direct_log(
    pool: &PgPool,
    room: &RoomId,
    member: &UserId,
    after: u64,
    limit: u32,
) -> Result<Vec<InboxEntry>, StoreError> {
    let query = sqlx::query_as::<_, EntryRow>(DIRECT_LOG)
        .bind(room.as_str())
        .bind(number(after))
        .bind(i64::from(limit));
    let rows = query.bind(member.as_str()).fetch_all(pool).await?.into_iter();
    rows.map(|row| Ok(InboxEntry { inbox_seq: position(row.inbox_seq)?, entry: entry(row)? })).collect()
}

pub(super) async fn inbox(
    pool: &PgPool,
    user: &UserId,
    after: u64,
    limit: u32,
) -> Result<Vec<InboxEntry>, StoreError> {
    let query =
        sqlx::query_as::<_, EntryRow>(INBOX).bind(user.as_str()).bind(number(after)).bind(i64::from(limit));
    let rows = query.fetch_all(pool).await?.into_iter();
    rows.map(|row| Ok(InboxEntry { inbox_seq: position(row.inbox_seq)?, entry: entry(row)? })).collect()
}

fn entry(row: EntryRow) -> Result<Entry, StoreError> {
    let at = Timestamp::from_millis(row.entry_at);
    Ok(Entry {
        room_id: room_id(row.entry_room)?,
        seq: position(row.entry_seq)?,
        at,
        actor: user_id(row.actor)?,
        client_id: client_id(plain_option(row.entry_client_id))?,
        peers: peers(row.peer_a, row.peer_b)?,
        body: body(row.kind, plain_option(row.emoji), message(row.message)?, at)?,
    })
}

fn body(kind: i64, emoji: Option<String>, message: Message, at: Timestamp) -> Result<EntryBody, StoreError> {
    let message_id = message.message_id.clone();
    let reaction = |message_id, removed| {
        let emoji = emoji.ok_or_else(|| corrupt("a reaction without an emoji"))?;
        Ok(EntryBody::Reaction { message_id, emoji, removed })
    };
    match kind {
        change::MESSAGE => Ok(EntryBody::Message(Box::new(message))),
        change::EDIT => Ok(EntryBody::Edited {
            message_id,
            content: message.content,
            edited_at: message.edited_at.unwrap_or(at),
        }),
        change::DELETE => Ok(EntryBody::Deleted { message_id }),
        change::REACT => reaction(message_id, false),
        change::UNREACT => reaction(message_id, true),
        other => Err(corrupt(format!("change kind {other}"))),
    }
}
