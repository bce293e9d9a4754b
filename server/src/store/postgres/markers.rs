//! Read and delivered markers: those that stand beside each other in a batch are moved together.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use tidings_protocol::{RoomId, UserId};

use super::super::columns::{client_id, message_id, number, position, room_id, user_id};
use super::super::runs::Move;
use super::super::{DELIVERED_LISTED, DeliveredMessage, Refusal, StoreError, Written};
use super::Outcome;
use super::error::Failure;
use super::text::plain_option;

const STANDING: &str = "
SELECT me.room_id, me.user_id, me.read_seq, me.delivered_seq, r.head_seq, r.member_count,
       r.peer_a IS NOT NULL AS direct
FROM unnest($1::text[], $2::text[]) j (room_id, user_id)
JOIN members me ON me.room_id = j.room_id AND me.user_id = j.user_id
JOIN rooms r ON r.room_id = me.room_id";

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
UPDATE members me SET read_seq = j.read_seq, delivered_seq = j.delivered_seq
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) j (room_id, user_id, read_seq, delivered_seq)
WHERE me.room_id = j.room_id AND me.user_id = j.user_id";

pub(super) async fn move_all(conn: &mut PgConnection, moves: Vec<Move>) -> Result<Vec<Outcome>, Failure> {
    let mut standing = standing(conn, &moves).await?;
    let mut outcomes = Vec::with_capacity(moves.len());
    let mut moved_members: BTreeSet<(RoomId, UserId)> = BTreeSet::new();
    for one in moves {
        let key = (one.room_id, one.user_id);
        let Some(member) = standing.get_mut(&key) else {
            let nothing = Written::Delivered(Vec::new());
            outcomes.push(if one.read { Err(Refusal::NotAMember) } else { Ok(nothing) });
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
    let rows: Vec<&Standing> = moved_members.iter().filter_map(|key| standing.get(key)).collect();
    if !rows.is_empty() {
        let update = sqlx::query(MOVE)
            .bind(rows.iter().map(|row| row.room_id.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.user_id.as_str()).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.read_seq).collect::<Vec<_>>())
            .bind(rows.iter().map(|row| row.delivered_seq).collect::<Vec<_>>());
        update.execute(conn).await?;
    }
    Ok(outcomes)
}

async fn standing(
    conn: &mut PgConnection,
    moves: &[Move],
) -> Result<HashMap<(RoomId, UserId), Standing>, Failure> {
    let wanted: BTreeSet<(&str, &str)> =
        moves.iter().map(|one| (one.room_id.as_str(), one.user_id.as_str())).collect();
    let (rooms, users): (Vec<&str>, Vec<&str>) = wanted.into_iter().unzip();
    let rows: Vec<Standing> = sqlx::query_as(STANDING).bind(rooms).bind(users).fetch_all(conn).await?;
    let keyed = rows.into_iter().map(|row| Ok(((room_id(&row.room_id)?, user_id(&row.user_id)?), row)));
    Ok(keyed.collect::<Result<_, StoreError>>()?)
}

const PASSED: &str = "
SELECT message_id, sender, client_id FROM messages
WHERE room_id = $1 AND seq > $3 AND seq <= $4 AND sender <> $2
ORDER BY seq LIMIT $5";

/// The others' messages that a delivered marker passes on its way.
async fn passed(
    conn: &mut PgConnection,
    room: &RoomId,
    user: &UserId,
    from: i64,
    to: i64,
) -> Result<Vec<DeliveredMessage>, Failure> {
    let query = sqlx::query_as(PASSED).bind(room.as_str()).bind(user.as_str()).bind(from).bind(to);
    let rows = query.bind(listed()).fetch_all(conn).await?;
    Ok(rows.into_iter().map(delivered).collect::<Result<_, _>>()?)
}

/// How many messages one answer lists, as PostgreSQL counts.
pub(super) fn listed() -> i64 {
    number(DELIVERED_LISTED as u64)
}

/// `message_id`, `sender` and `client_id` of a message that was delivered.
pub(super) fn delivered(row: (String, String, Option<String>)) -> Result<DeliveredMessage, StoreError> {
    let (message, sender, client) = row;
    Ok(DeliveredMessage {
        message_id: message_id(message)?,
        sender: user_id(sender)?,
        client_id: client_id(plain_option(client))?,
    })
}
