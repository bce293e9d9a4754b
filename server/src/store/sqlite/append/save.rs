//! Writing what a run of appends has made: each table once.

use std::sync::LazyLock;

use serde::Serialize;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::entity::{Role, RoomKind};

use super::super::super::StoreError;
use super::super::super::plan::{Made, Plan};
use super::super::row::{json, kind_number, role_number};
use super::super::text;
use super::bulk::{self, KEYS, MESSAGES};

pub(super) async fn save(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let made = &plan.made;
    if made.heads.is_empty() {
        return Ok(());
    }
    new_rooms(conn, made).await?;
    entries(conn, plan).await?;
    edited(conn, made).await?;
    changes(conn, made).await?;
    reactions(conn, made).await?;
    inboxes(conn, plan).await
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

// What does not fill a chunk, and all else, in one step to the connection's thread, for nearly every run has all of these.
// Parameters of such a text are not numbered: sqlx takes each statement's own from where the last one's ended. OR FAIL does
// without a journal for each statement: what goes wrong here ends the whole batch.
static ENTRIES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
{MESSAGES}
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8, value ->> 9, value ->> 10, value ->> 11
FROM json_each(?);

WITH told AS (SELECT value ->> 0 AS id, value ->> 1 AS words FROM json_each(?))
INSERT INTO messages_fts (rowid, content)
SELECT id, content FROM messages WHERE id >= ? AND deleted = 0 AND id NOT IN (SELECT id FROM told)
UNION ALL SELECT id, words FROM told ORDER BY 1;

{KEYS}
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?);

UPDATE rooms SET head_seq = j.value ->> 1 FROM json_each(?) j WHERE rooms.room_id = j.value ->> 0;

UPDATE members SET read_seq = j.value ->> 2
FROM json_each(?) j
WHERE members.room_id = j.value ->> 0 AND members.user_id = j.value ->> 1"
    )
});

async fn entries(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let made = &plan.made;
    let messages = bulk::messages(conn, &made.messages).await?;
    let told = made.messages.iter().filter(|new| !new.deleted);
    let told = told.filter_map(|new| Some((new.id, text::words(&new.content)?)));
    let told = json(&told.collect::<Vec<_>>())?;
    let keys = bulk::keys(conn, &made.keys).await?;
    let heads = made.heads.iter().filter_map(|room| Some((room, plan.rooms.get(room)?.head)));
    let heads = json(&heads.collect::<Vec<_>>())?;
    let read = made.read.iter().map(|((room, user), seq)| (room, user, seq));
    let read = json(&read.collect::<Vec<_>>())?;
    let write = sqlx::query(ENTRIES.as_str()).bind(messages).bind(told).bind(plan.first_id);
    let write = write.bind(keys).bind(heads).bind(read);
    write.execute(conn).await?;
    Ok(())
}

// A deleted message has no text; without an edit, the text stays.
const EDITED: &str = "
DELETE FROM messages_fts WHERE rowid IN (SELECT value ->> 0 FROM json_each(?));

UPDATE messages SET
    content = iif(j.value ->> 3, '', coalesce(j.value ->> 1, content)),
    edited_at = coalesce(j.value ->> 2, edited_at),
    deleted = j.value ->> 3
FROM json_each(?) j
WHERE messages.id = j.value ->> 0;

INSERT INTO messages_fts (rowid, content)
SELECT m.id, coalesce(j.value ->> 4, m.content) FROM json_each(?) j CROSS JOIN messages m ON m.id = j.value ->> 0
WHERE m.deleted = 0";

async fn edited(conn: &mut SqliteConnection, made: &Made) -> Result<(), StoreError> {
    if made.edited.is_empty() {
        return Ok(());
    }
    let rows = made.edited.iter().map(|(id, edited)| {
        let (content, at) = edited.edit.as_ref().map(|(content, at)| (content, at.as_millis())).unzip();
        let words = content.and_then(|content| text::words(content));
        (id, content, at, i64::from(edited.deleted), words)
    });
    let rows = json(&rows.collect::<Vec<_>>())?;
    sqlx::query(EDITED).bind(&rows).bind(&rows).bind(&rows).execute(conn).await?;
    Ok(())
}

const CHANGES: &str = "
INSERT OR FAIL INTO changes (room_id, seq, kind, message, actor, at, client_id, emoji)
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

const INBOX: &str = "
INSERT OR FAIL INTO inbox (user_id, inbox_seq, room_id, seq)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?);

INSERT INTO users (user_id, id_folded, inbox_head)
SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
ON CONFLICT (user_id) DO UPDATE SET inbox_head = excluded.inbox_head";

async fn inboxes(conn: &mut SqliteConnection, plan: &Plan) -> Result<(), StoreError> {
    let made = &plan.made;
    if made.inbox.is_empty() {
        return Ok(());
    }
    let heads = made.inboxes.iter().filter_map(|user| {
        let head = plan.inbox_heads.get(user)?;
        Some((user, user.as_str().to_lowercase(), head))
    });
    let heads = json(&heads.collect::<Vec<_>>())?;
    sqlx::query(INBOX).bind(json(&made.inbox)?).bind(heads).execute(conn).await?;
    Ok(())
}
