//! Reading every row that a run of appends touches.

use std::collections::BTreeSet;

use serde::Serialize;
use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::UserId;

use super::super::super::plan::{MessageNow, Plan, RoomNow, Used};
use super::super::super::{Append, Change, StoreError, Target, pair};
use super::super::row::{client_id, json, message_id, peers, position, room_id, user_id};
use super::bulk;

pub(super) async fn load(
    conn: &mut SqliteConnection,
    appends: &[Append],
    first_id: i64,
) -> Result<Plan, StoreError> {
    let mut plan = Plan { first_id, next_id: first_id, ..Plan::default() };
    direct_rooms(conn, appends, &mut plan).await?;
    rooms(conn, appends, &mut plan).await?;
    keys(conn, appends, &mut plan).await?;
    messages(conn, appends, &mut plan).await?;
    reactions(conn, appends, &mut plan).await?;
    inbox_heads(conn, appends, &mut plan).await?;
    Ok(plan)
}

/// Runs `statement` with `wanted` as its rows; with none of them it finds nothing.
async fn select<W, R>(
    conn: &mut SqliteConnection,
    statement: &'static str,
    wanted: &BTreeSet<W>,
) -> Result<Vec<R>, StoreError>
where
    W: Serialize + Ord,
    R: Send + Unpin + for<'r> FromRow<'r, sqlx::sqlite::SqliteRow>,
{
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(statement).bind(json(wanted)?).fetch_all(conn).await?)
}

const DIRECT_ROOMS: &str = "
SELECT r.room_id, r.peer_a, r.peer_b
FROM json_each(?) j
CROSS JOIN rooms r ON r.peer_a = j.value ->> 0 AND r.peer_b = j.value ->> 1";

async fn direct_rooms(
    conn: &mut SqliteConnection,
    appends: &[Append],
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let pairs: BTreeSet<[UserId; 2]> = appends
        .iter()
        .filter_map(|append| match &append.target {
            Target::Direct(other) => Some(pair(&append.sender, other)),
            Target::Room(_) => None,
        })
        .collect();
    let rows: Vec<(String, String, String)> = select(conn, DIRECT_ROOMS, &pairs).await?;
    for (room, a, b) in rows {
        plan.direct.insert([user_id(a)?, user_id(b)?], room_id(room)?);
    }
    Ok(())
}

const ROOMS: &str = "
SELECT r.room_id, r.head_seq, r.peer_a, r.peer_b, me.user_id
FROM json_each(?) j
CROSS JOIN members me ON me.room_id = j.value ->> 0 AND me.user_id = j.value ->> 1
CROSS JOIN rooms r ON r.room_id = me.room_id";

type RoomOfMember = (String, i64, Option<String>, Option<String>, String);

/// The rooms that the senders are members of; of others nothing need be known.
async fn rooms(conn: &mut SqliteConnection, appends: &[Append], plan: &mut Plan) -> Result<(), StoreError> {
    let mut wanted: BTreeSet<(&str, &str)> = BTreeSet::new();
    for append in appends {
        if let Target::Room(room) = &append.target {
            wanted.insert((room.as_str(), append.sender.as_str()));
        }
    }
    for ([a, _], room) in &plan.direct {
        wanted.insert((room.as_str(), a.as_str()));
    }
    let rows: Vec<RoomOfMember> = select(conn, ROOMS, &wanted).await?;
    for (room, head, a, b, member) in rows {
        let room = room_id(room)?;
        plan.members.insert((room.clone(), user_id(member)?));
        plan.rooms.insert(room, RoomNow { head: position(head)?, peers: peers(a, b)? });
    }
    Ok(())
}

async fn keys(conn: &mut SqliteConnection, appends: &[Append], plan: &mut Plan) -> Result<(), StoreError> {
    let wanted: BTreeSet<(&str, &str)> = appends
        .iter()
        .filter_map(|append| Some((append.sender.as_str(), append.client_id.as_ref()?.as_str())))
        .collect();
    let wanted: Vec<(&str, &str)> = wanted.into_iter().collect();
    for row in bulk::used_keys(conn, &wanted).await? {
        let Some(id) = client_id(Some(row.client_id))? else { continue };
        let entry = match row.message_id {
            Some(message) => Some((room_id(row.place)?, message_id(message)?, position(row.position)?)),
            None => None,
        };
        plan.keys.insert((user_id(row.sender)?, id), Used { fingerprint: row.fingerprint, entry });
    }
    Ok(())
}

const MESSAGES: &str = "
SELECT m.id, m.message_id, m.room_id, m.sender, m.deleted
FROM json_each(?) j
CROSS JOIN messages m ON m.message_id = j.value";

async fn messages(
    conn: &mut SqliteConnection,
    appends: &[Append],
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let wanted: BTreeSet<&str> = appends
        .iter()
        .filter_map(|append| match &append.change {
            Change::Message { .. } => None,
            Change::Edit { message_id, .. }
            | Change::Delete { message_id }
            | Change::React { message_id, .. } => Some(message_id.as_str()),
        })
        .collect();
    let rows: Vec<(i64, String, String, String, bool)> = select(conn, MESSAGES, &wanted).await?;
    for (id, message, room, sender, deleted) in rows {
        let now = MessageNow { id, room_id: room_id(room)?, sender: user_id(sender)?, deleted };
        plan.messages.insert(message_id(message)?, now);
    }
    Ok(())
}

const REACTIONS: &str = "
SELECT r.message, r.user_id, r.emoji, r.seq
FROM json_each(?) j
CROSS JOIN reactions r ON r.message = j.value ->> 0 AND r.user_id = j.value ->> 1";

async fn reactions(
    conn: &mut SqliteConnection,
    appends: &[Append],
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let mut wanted: BTreeSet<(i64, &str)> = BTreeSet::new();
    for append in appends {
        if let Change::React { message_id, .. } = &append.change
            && let Some(message) = plan.messages.get(message_id)
        {
            wanted.insert((message.id, append.sender.as_str()));
        }
    }
    let rows: Vec<(i64, String, String, i64)> = select(conn, REACTIONS, &wanted).await?;
    for (message, user, emoji, seq) in rows {
        let own = plan.reactions.entry((message, user_id(user)?)).or_default();
        own.insert(emoji, position(seq)?);
    }
    Ok(())
}

const INBOX_HEADS: &str = "
SELECT u.user_id, u.inbox_head
FROM json_each(?) j
CROSS JOIN users u ON u.user_id = j.value";

async fn inbox_heads(
    conn: &mut SqliteConnection,
    appends: &[Append],
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let mut wanted: BTreeSet<UserId> = BTreeSet::new();
    for append in appends {
        if let Target::Direct(other) = &append.target {
            wanted.extend(pair(&append.sender, other));
        }
    }
    wanted.extend(plan.rooms.values().flat_map(|room| room.peers.iter().flatten()).cloned());
    let rows: Vec<(String, i64)> = select(conn, INBOX_HEADS, &wanted).await?;
    for (user, head) in rows {
        plan.inbox_heads.insert(user_id(user)?, position(head)?);
    }
    Ok(())
}
