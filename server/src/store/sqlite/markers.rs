//! Read and delivered markers: those that stand beside each other in a batch are moved together.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::{RoomId, UserId};

use super::super::runs::Move;
use super::super::{DELIVERED_LISTED, DeliveredMessage, Refusal, StoreError, Written};
use super::row::{client_id, json, message_id, number, position, room_id, user_id};
use super::writer::Outcome;

const STANDING: &str = "
SELECT me.room_id, me.user_id, me.read_seq, me.delivered_seq, r.head_seq, r.member_count,
       r.peer_a IS NOT NULL AS direct
FROM json_each(?) j
CROSS JOIN members me ON me.room_id = j.value ->> 0 AND me.user_id = j.value ->> 1
CROSS JOIN rooms r ON r.room_id = me.room_id";

#[derive(FromRow)]
struct Standing {
    room_id: String,
    user_id: String,
    read_seq: i64,
    delivered_seq: i64,
    head_seq: i64,
    member_count: i64,
    direct: bool,
}

const MOVE: &str = "
UPDATE members SET read_seq = j.value ->> 2, delivered_seq = j.value ->> 3
FROM json_each(?) j
WHERE room_id = j.value ->> 0 AND user_id = j.value ->> 1";

pub(super) async fn move_all(
    conn: &mut SqliteConnection,
    moves: Vec<Move>,
) -> Result<Vec<Outcome>, StoreError> {
    let wanted: BTreeSet<(&str, &str)> =
        moves.iter().map(|one| (one.room_id.as_str(), one.user_id.as_str())).collect();
    let rows: Vec<Standing> = sqlx::query_as(STANDING).bind(json(&wanted)?).fetch_all(&mut *conn).await?;
    let mut standing: HashMap<(RoomId, UserId), Standing> = HashMap::with_capacity(rows.len());
    for row in rows {
        standing.insert((room_id(&row.room_id)?, user_id(&row.user_id)?), row);
    }
    let mut outcomes = Vec::with_capacity(moves.len());
    let mut moved_members: BTreeSet<(RoomId, UserId)> = BTreeSet::new();
    for one in moves {
        let key = (one.room_id, one.user_id);
        let Some(member) = standing.get_mut(&key) else {
            outcomes.push(if one.read {
                Err(Refusal::NotAMember)
            } else {
                Ok(Written::Delivered(Vec::new()))
            });
            continue;
        };
        let to = number(one.seq).min(member.head_seq);
        let marker = if one.read { &mut member.read_seq } else { &mut member.delivered_seq };
        let from = std::mem::replace(marker, to.max(*marker));
        let moved = *marker > from;
        if one.read {
            let member_count = position(member.member_count)?;
            outcomes.push(Ok(Written::Read { seq: position(member.read_seq)?, moved, member_count }));
        } else if moved && member.direct {
            outcomes.push(Ok(Written::Delivered(passed(conn, &key.0, &key.1, from, to).await?)));
        } else {
            outcomes.push(Ok(Written::Delivered(Vec::new())));
        }
        if moved {
            moved_members.insert(key);
        }
    }
    let rows: Vec<(&str, &str, i64, i64)> = moved_members
        .iter()
        .filter_map(|key| standing.get(key))
        .map(|row| (row.room_id.as_str(), row.user_id.as_str(), row.read_seq, row.delivered_seq))
        .collect();
    if !rows.is_empty() {
        sqlx::query(MOVE).bind(json(&rows)?).execute(conn).await?;
    }
    Ok(outcomes)
}

const PASSED: &str = "
SELECT message_id, sender, client_id FROM messages
WHERE room_id = ?1 AND seq > ?3 AND seq <= ?4 AND sender <> ?2
ORDER BY seq LIMIT ?5";

/// The others' messages that a delivered marker passes on its way.
async fn passed(
    conn: &mut SqliteConnection,
    room: &RoomId,
    user: &UserId,
    from: i64,
    to: i64,
) -> Result<Vec<DeliveredMessage>, StoreError> {
    let query = sqlx::query_as(PASSED).bind(room.as_str()).bind(user.as_str()).bind(from).bind(to);
    let rows = query.bind(listed()).fetch_all(conn).await?;
    rows.into_iter().map(delivered).collect()
}

/// How many messages one answer lists, as SQLite counts.
pub(super) fn listed() -> i64 {
    number(DELIVERED_LISTED as u64)
}

/// `message_id`, `sender` and `client_id` of a message that was delivered.
pub(super) fn delivered(row: (String, String, Option<String>)) -> Result<DeliveredMessage, StoreError> {
    let (message, sender, client) = row;
    Ok(DeliveredMessage {
        message_id: message_id(message)?,
        sender: user_id(sender)?,
        client_id: client_id(client)?,
    })
}
