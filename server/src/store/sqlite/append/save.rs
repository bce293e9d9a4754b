//! Writing what a run of appends has made: each table once.

use serde::Serialize;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::entity::{Role, RoomKind};

use super::super::super::StoreError;
use super::super::row::{json, kind_number, role_number};
use super::plan::{Made, Plan};

pub(super) async fn save(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let made = &plan.made;
    new_rooms(conn, made).await?;
    messages(conn, made).await?;
    edited(conn, made).await?;
    full_text(conn, plan).await?;
    changes(conn, made).await?;
    reactions(conn, made).await?;
    keys(conn, made).await?;
    inboxes(conn, plan).await?;
    heads(conn, plan).await?;
    read_markers(conn, made).await
}

/// Runs `statement` with `rows`; without any there is nothing to do.
async fn write<R: Serialize>(
    conn: &mut SqliteConnection,
    statement: &'static str,
    rows: &[R],
) -> Result<(), StoreError> {
    if !rows.is_empty() {
        sqlx::query(statement).bind(json(rows)?).execute(conn).await?;
    }
    Ok(())
}

const NEW_ROOMS: &str = "
INSERT INTO rooms (room_id, kind, peer_a, peer_b, member_count)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)";

const NEW_MEMBERS: &str = "
INSERT INTO members (room_id, user_id, role, read_seq, delivered_seq)
SELECT value ->> 0, value ->> 1, value ->> 2, 0, 0 FROM json_each(?)";

async fn new_rooms(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let mut rooms = Vec::new();
    let mut members = Vec::new();
    let kind = kind_number(RoomKind::Direct);
    let role = role_number(Role::Member);
    for room in &made.rooms {
        let [a, b] = &room.peers;
        let count = if a == b { 1 } else { 2 };
        rooms.push((&room.room_id, kind, a, b, count));
        members.push((&room.room_id, a, role));
        if a != b {
            members.push((&room.room_id, b, role));
        }
    }
    write(conn, NEW_ROOMS, &rooms).await?;
    write(conn, NEW_MEMBERS, &members).await
}

const MESSAGES: &str = "
INSERT INTO messages (id, message_id, room_id, seq, sender, sender_name, content, at, reply_to, client_id,
                      edited_at, deleted)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8, value ->> 9, value ->> 10, value ->> 11
FROM json_each(?)";

async fn messages(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let rows = made.messages.iter().map(|new| {
        let edited_at = new.edited_at.map(|at| at.as_millis());
        (
            new.id,
            &new.message_id,
            &new.room_id,
            new.seq,
            &new.sender,
            &new.sender_name,
            &new.content,
            new.at.as_millis(),
            &new.reply_to,
            &new.client_id,
            edited_at,
            i64::from(new.deleted),
        )
    });
    write(conn, MESSAGES, &rows.collect::<Vec<_>>()).await
}

// A deleted message has no text; without an edit, the text stays.
const EDITED: &str = "
UPDATE messages SET
    content = iif(j.value ->> 3, '', coalesce(j.value ->> 1, content)),
    edited_at = coalesce(j.value ->> 2, edited_at),
    deleted = j.value ->> 3
FROM json_each(?) j
WHERE messages.id = j.value ->> 0";

async fn edited(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let rows = made.edited.iter().map(|(id, edited)| {
        let (content, at) = edited.edit.as_ref().map(|(content, at)| (content, at.as_millis())).unzip();
        (id, content, at, i64::from(edited.deleted))
    });
    write(conn, EDITED, &rows.collect::<Vec<_>>()).await
}

const FORGET_TEXT: &str = "DELETE FROM messages_fts WHERE rowid IN (SELECT value FROM json_each(?))";

const NEW_TEXT: &str = "
INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages
WHERE id IN (SELECT value FROM json_each(?)) AND deleted = 0";

const TEXT_OF_NEW: &str = "
INSERT INTO messages_fts (rowid, content) SELECT id, content FROM messages WHERE id >= ? AND deleted = 0";

async fn full_text(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let edited: Vec<i64> = plan.made.edited.keys().copied().collect();
    write(conn, FORGET_TEXT, &edited).await?;
    write(conn, NEW_TEXT, &edited).await?;
    if !plan.made.messages.is_empty() {
        sqlx::query(TEXT_OF_NEW).bind(plan.first_id).execute(conn).await?;
    }
    Ok(())
}

const CHANGES: &str = "
INSERT INTO changes (room_id, seq, kind, message, actor, at, client_id, emoji)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
FROM json_each(?)";

async fn changes(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let rows = made.changes.iter().map(|new| {
        let at = new.at.as_millis();
        (&new.room_id, new.seq, new.kind, new.message, &new.actor, at, &new.client_id, &new.emoji)
    });
    write(conn, CHANGES, &rows.collect::<Vec<_>>()).await
}

const UNSET_REACTIONS: &str = "
DELETE FROM reactions WHERE (message, user_id, emoji) IN (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
)";

const CLEAR_REACTIONS: &str = "DELETE FROM reactions WHERE message IN (SELECT value FROM json_each(?))";

const SET_REACTIONS: &str = "
INSERT INTO reactions (message, user_id, emoji, seq)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";

async fn reactions(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let touched: Vec<_> = made.reactions.keys().collect();
    let set: Vec<_> = made
        .reactions
        .iter()
        .filter(|((message, _, _), _)| !made.cleared.contains(message))
        .filter_map(|((message, user, emoji), seq)| Some((message, user, emoji, (*seq)?)))
        .collect();
    let cleared: Vec<_> = made.cleared.iter().collect();
    write(conn, UNSET_REACTIONS, &touched).await?;
    write(conn, CLEAR_REACTIONS, &cleared).await?;
    write(conn, SET_REACTIONS, &set).await
}

const KEYS: &str = "
INSERT INTO idempotency_keys (sender, client_id, fingerprint, place, position)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?)";

async fn keys(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let rows =
        made.keys.iter().map(|key| (&key.sender, &key.client_id, &key.fingerprint, &key.room_id, key.seq));
    write(conn, KEYS, &rows.collect::<Vec<_>>()).await
}

const INBOX: &str = "
INSERT INTO inbox (user_id, inbox_seq, room_id, seq)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";

const INBOX_HEADS: &str = "
INSERT INTO users (user_id, id_folded, inbox_head)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
ON CONFLICT (user_id) DO UPDATE SET inbox_head = excluded.inbox_head";

async fn inboxes(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    write(conn, INBOX, &plan.made.inbox).await?;
    let heads = plan.made.inboxes.iter().filter_map(|user| {
        let head = plan.inbox_heads.get(user)?;
        Some((user, user.as_str().to_lowercase(), head))
    });
    write(conn, INBOX_HEADS, &heads.collect::<Vec<_>>()).await
}

const HEADS: &str = "
UPDATE rooms SET head_seq = j.value ->> 1 FROM json_each(?) j WHERE rooms.room_id = j.value ->> 0";

async fn heads(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let rows = plan.made.heads.iter().filter_map(|room| Some((room, plan.rooms.get(room)?.head)));
    write(conn, HEADS, &rows.collect::<Vec<_>>()).await
}

const READ_MARKERS: &str = "
UPDATE members SET read_seq = j.value ->> 2
FROM json_each(?) j
WHERE members.room_id = j.value ->> 0 AND members.user_id = j.value ->> 1";

async fn read_markers(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    let rows = made.read.iter().map(|((room, user), seq)| (room, user, seq));
    write(conn, READ_MARKERS, &rows.collect::<Vec<_>>()).await
}
