//! Reading every row that a run of appends touches.

use std::collections::BTreeSet;

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use tidings_protocol::{ClientId, MessageId, UserId};

use super::super::super::columns::{message_id, peers, position, room_id, user_id};
use super::super::super::plan::{MessageNow, Plan, RoomNow, Used};
use super::super::super::{Append, Change, StoreError, Target, pair};
use super::super::error::Failure;
use super::super::locks::DIRECT_ROOMS;
use super::super::text::{plain, stored};

pub(super) async fn load(
    conn: &mut PgConnection,
    appends: &[Append],
    first_id: i64,
) -> Result<Plan, Failure> {
    let mut plan = Plan { first_id, next_id: first_id, ..Plan::default() };
    direct_rooms(conn, appends, &mut plan).await?;
    rooms(conn, appends, &mut plan).await?;
    keys(conn, appends, &mut plan).await?;
    messages(conn, appends, &mut plan).await?;
    reactions(conn, appends, &mut plan).await?;
    inbox_heads(conn, appends, &mut plan).await?;
    Ok(plan)
}

async fn direct_rooms(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let pairs: BTreeSet<[UserId; 2]> = appends
        .iter()
        .filter_map(|append| match &append.target {
            Target::Direct(other) => Some(pair(&append.sender, other)),
            Target::Room(_) => None,
        })
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let (a, b): (Vec<&str>, Vec<&str>) = pairs.iter().map(|[a, b]| (a.as_str(), b.as_str())).unzip();
    let rows: Vec<(String, String, String)> =
        sqlx::query_as(DIRECT_ROOMS).bind(a).bind(b).fetch_all(conn).await?;
    for (room, a, b) in rows {
        plan.direct.insert([user_id(a)?, user_id(b)?], room_id(room)?);
    }
    Ok(())
}

const ROOMS: &str = "
SELECT r.room_id, r.head_seq, r.peer_a, r.peer_b, me.user_id
FROM unnest($1::text[], $2::text[]) j (room_id, user_id)
JOIN members me ON me.room_id = j.room_id AND me.user_id = j.user_id
JOIN rooms r ON r.room_id = me.room_id";

type RoomOfMember = (String, i64, Option<String>, Option<String>, String);

/// The rooms that the senders are members of; of others nothing need be known.
async fn rooms(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let mut wanted: BTreeSet<(&str, &str)> = BTreeSet::new();
    for append in appends {
        if let Target::Room(room) = &append.target {
            wanted.insert((room.as_str(), append.sender.as_str()));
        }
    }
    for ([a, _], room) in &plan.direct {
        wanted.insert((room.as_str(), a.as_str()));
    }
    let (rooms, users): (Vec<&str>, Vec<&str>) = wanted.into_iter().unzip();
    if rooms.is_empty() {
        return Ok(());
    }
    let rows: Vec<RoomOfMember> = sqlx::query_as(ROOMS).bind(rooms).bind(users).fetch_all(conn).await?;
    for (room, head, a, b, member) in rows {
        let room = room_id(room)?;
        plan.members.insert((room.clone(), user_id(member)?));
        plan.rooms.insert(room, RoomNow { head: position(head)?, peers: peers(a, b)? });
    }
    Ok(())
}

// The key of a notification or broadcast has a place that is no room: it finds no message.
const KEYS: &str = "
SELECT k.sender, k.client_id, k.fingerprint, k.place, k.position, coalesce(changed.message_id, made.message_id) AS message_id
FROM unnest($1::text[], $2::text[]) j (sender, client_id)
JOIN idempotency_keys k ON k.sender = j.sender AND k.client_id = j.client_id
LEFT JOIN changes c ON c.room_id = k.place AND c.seq = k.position
LEFT JOIN messages changed ON changed.id = c.message
LEFT JOIN messages made ON made.room_id = k.place AND made.seq = k.position";

#[derive(FromRow)]
struct KeyRow {
    sender: String,
    client_id: String,
    fingerprint: i64,
    place: String,
    position: i64,
    message_id: Option<String>,
}

async fn keys(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let wanted: BTreeSet<(&str, &str)> = appends
        .iter()
        .filter_map(|append| Some((append.sender.as_str(), append.client_id.as_ref()?.as_str())))
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let (senders, ids): (Vec<&str>, Vec<String>) = wanted.into_iter().map(|(s, id)| (s, stored(id))).unzip();
    let rows: Vec<KeyRow> = sqlx::query_as(KEYS).bind(senders).bind(ids).fetch_all(conn).await?;
    for row in rows {
        let id =
            ClientId::new(plain(row.client_id)).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let entry = match row.message_id {
            Some(message) => Some((room_id(row.place)?, message_id(message)?, position(row.position)?)),
            None => None,
        };
        plan.keys.insert((user_id(row.sender)?, id), Used { fingerprint: row.fingerprint, entry });
    }
    Ok(())
}

const MESSAGES: &str =
    "SELECT id, message_id, room_id, sender, deleted FROM messages WHERE message_id = ANY($1)";

async fn messages(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let wanted: BTreeSet<&str> =
        appends.iter().filter_map(|append| changed(&append.change)).map(MessageId::as_str).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let rows: Vec<(i64, String, String, String, bool)> =
        sqlx::query_as(MESSAGES).bind(wanted).fetch_all(conn).await?;
    for (id, message, room, sender, deleted) in rows {
        let now = MessageNow { id, room_id: room_id(room)?, sender: user_id(sender)?, deleted };
        plan.messages.insert(message_id(message)?, now);
    }
    Ok(())
}

fn changed(change: &Change) -> Option<&MessageId> {
    match change {
        Change::Message { .. } => None,
        Change::Edit { message_id, .. }
        | Change::Delete { message_id }
        | Change::React { message_id, .. } => Some(message_id),
    }
}

const REACTIONS: &str = "
SELECT r.message, r.user_id, r.emoji, r.seq
FROM unnest($1::bigint[], $2::text[]) j (message, user_id)
JOIN reactions r ON r.message = j.message AND r.user_id = j.user_id";

async fn reactions(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let mut wanted: BTreeSet<(i64, &str)> = BTreeSet::new();
    for append in appends {
        if let Change::React { message_id, .. } = &append.change
            && let Some(message) = plan.messages.get(message_id)
        {
            wanted.insert((message.id, append.sender.as_str()));
        }
    }
    let (messages, users): (Vec<i64>, Vec<&str>) = wanted.into_iter().unzip();
    if messages.is_empty() {
        return Ok(());
    }
    let rows: Vec<(i64, String, String, i64)> =
        sqlx::query_as(REACTIONS).bind(messages).bind(users).fetch_all(conn).await?;
    for (message, user, emoji, seq) in rows {
        let own = plan.reactions.entry((message, user_id(user)?)).or_default();
        own.insert(plain(emoji), position(seq)?);
    }
    Ok(())
}

async fn inbox_heads(conn: &mut PgConnection, appends: &[Append], plan: &mut Plan) -> Result<(), Failure> {
    let mut wanted: BTreeSet<UserId> = BTreeSet::new();
    for append in appends {
        if let Target::Direct(other) = &append.target {
            wanted.extend(pair(&append.sender, other));
        }
    }
    wanted.extend(plan.rooms.values().flat_map(|room| room.peers.iter().flatten()).cloned());
    if wanted.is_empty() {
        return Ok(());
    }
    let wanted: Vec<&str> = wanted.iter().map(UserId::as_str).collect();
    let heads = sqlx::query_as("SELECT user_id, inbox_head FROM users WHERE user_id = ANY($1)").bind(wanted);
    let rows: Vec<(String, i64)> = heads.fetch_all(conn).await?;
    for (user, head) in rows {
        plan.inbox_heads.insert(user_id(user)?, position(head)?);
    }
    Ok(())
}
