//! Rooms and members as a user sees them: one statement for each page.

use std::collections::BTreeMap;

use sqlx::FromRow;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use tidings_protocol::entity::{Marker, Member, Room, RoomKind};
use tidings_protocol::{RoomId, UserId};

use super::super::{Page, Reach, Rooms, StoreError, pair};
use super::row::{self, MessageRow, RoomRow, json, page, position, reach, room_id, room_kind, user_id};

const ROOMS_BY_ID: &str = "
SELECT r.room_id, r.kind, r.name, r.head_seq, r.member_count, r.peer_a, r.peer_b,
       wanted.value ->> 1 AS user_id, me.role, me.read_seq, me.delivered_seq
FROM json_each(?1) wanted CROSS JOIN rooms r ON r.room_id = wanted.value ->> 0
LEFT JOIN members me ON me.room_id = r.room_id AND me.user_id = wanted.value ->> 1";

#[derive(FromRow)]
struct RoomAndMember {
    #[sqlx(flatten)]
    room: RoomRow,
    user_id: String,
    role: Option<i64>,
    read_seq: Option<i64>,
    delivered_seq: Option<i64>,
}

pub(super) async fn rooms_by_id(pool: &SqlitePool, asked: &[(RoomId, UserId)]) -> Result<Rooms, StoreError> {
    let pairs: Vec<(&str, &str)> = asked.iter().map(|(room, user)| (room.as_str(), user.as_str())).collect();
    let query = sqlx::query_as::<_, RoomAndMember>(ROOMS_BY_ID).bind(json(&pairs)?);
    let rooms = query.fetch_all(pool).await?.into_iter().map(|found| {
        let member = match (found.role, found.read_seq, found.delivered_seq) {
            (Some(role), Some(read), Some(delivered)) => Some(row::member((role, read, delivered))?),
            _ => None,
        };
        let (room, user) = (found.room.record()?, user_id(found.user_id)?);
        Ok(((room.room_id.clone(), user), (room, member)))
    });
    rooms.collect()
}

pub(super) async fn direct_room(
    pool: &SqlitePool,
    a: &UserId,
    b: &UserId,
) -> Result<Option<RoomId>, StoreError> {
    let [a, b] = pair(a, b);
    let query = sqlx::query_scalar::<_, String>("SELECT room_id FROM rooms WHERE peer_a = ? AND peer_b = ?");
    query.bind(a.as_str()).bind(b.as_str()).fetch_optional(pool).await?.map(room_id).transpose()
}

const PARTNERS: &str = "
WITH wanted AS (SELECT DISTINCT value AS user_id FROM json_each(?1)), found AS (
    SELECT wanted.user_id, peer_b AS partner
    FROM wanted CROSS JOIN rooms ON peer_a = wanted.user_id AND peer_b <> wanted.user_id
    WHERE peer_b <= (SELECT max(peer_b) FROM (
        SELECT peer_b FROM rooms WHERE peer_a = wanted.user_id AND peer_b <> wanted.user_id ORDER BY peer_b LIMIT ?2
    ))
    UNION ALL
    SELECT wanted.user_id, peer_a
    FROM wanted CROSS JOIN rooms ON peer_b = wanted.user_id AND peer_a <> wanted.user_id
    WHERE peer_a <= (SELECT max(peer_a) FROM (
        SELECT peer_a FROM rooms WHERE peer_b = wanted.user_id AND peer_a <> wanted.user_id ORDER BY peer_a LIMIT ?2
    ))
), numbered AS (
    SELECT user_id, partner, row_number() OVER (PARTITION BY user_id ORDER BY partner) AS n FROM found
)
SELECT user_id, partner FROM numbered WHERE n <= ?2 ORDER BY user_id, n";

pub(super) async fn direct_partners(
    pool: &SqlitePool,
    users: &[UserId],
    limit: u32,
) -> Result<BTreeMap<UserId, Vec<UserId>>, StoreError> {
    let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let query = sqlx::query_as::<_, (String, String)>(PARTNERS).bind(json(&ids)?).bind(limit);
    let mut partners: BTreeMap<UserId, Vec<UserId>> = BTreeMap::new();
    for (user, partner) in query.fetch_all(pool).await? {
        partners.entry(user_id(user)?).or_default().push(user_id(partner)?);
    }
    Ok(partners)
}

/// Rooms as the user `?1` sees them: `$from` names the room `r` and its membership `me`, if any.
macro_rules! room_for_user {
    ($from:literal, $which:literal) => {
        concat!(
            "SELECT r.room_id AS view_room, r.kind, r.name AS room_name, r.head_seq, r.member_count,
                    coalesce(me.read_seq, r.head_seq) AS read_seq,
                    (SELECT count(*) FROM messages u
                     WHERE u.room_id = r.room_id AND u.seq > coalesce(me.read_seq, r.head_seq)
                       AND u.sender <> ?1 AND u.deleted = 0) AS unread,
                    peer.user_id AS peer_id, person.name AS peer_name, peer.read_seq AS peer_read,
                    peer.delivered_seq AS peer_delivered, m.*, NULL AS reactions ",
            $from,
            " LEFT JOIN members peer ON r.kind = 2 AND peer.room_id = r.room_id
                  AND peer.user_id = iif(r.peer_a = ?1, r.peer_b, r.peer_a)
              LEFT JOIN users person ON person.user_id = peer.user_id
              LEFT JOIN messages m ON m.room_id = r.room_id
                  AND m.seq = (SELECT max(seq) FROM messages WHERE room_id = r.room_id) ",
            $which
        )
    };
}

const ROOM_VIEW: &str = room_for_user!(
    "FROM rooms r LEFT JOIN members me ON me.room_id = r.room_id AND me.user_id = ?1",
    "WHERE r.room_id = ?2 AND (r.kind = 0 OR me.user_id IS NOT NULL)"
);
const ROOMS_OF: &str = room_for_user!(
    "FROM members me CROSS JOIN rooms r ON r.room_id = me.room_id",
    "WHERE me.user_id = ?1 AND me.room_id > ?2 AND (?4 IS NULL OR r.kind = 2 OR EXISTS (
         SELECT 1 FROM json_each(?4) p
         WHERE substr(r.room_id, 1, coalesce(p.value ->> 1, length(r.room_id))) = p.value ->> 0))
     ORDER BY me.room_id LIMIT ?3"
);
const PUBLIC_ROOMS: &str = room_for_user!(
    "FROM rooms r LEFT JOIN members me ON me.room_id = r.room_id AND me.user_id = ?1",
    "WHERE r.kind = 0 AND r.room_id > ?2 AND (?4 IS NULL OR EXISTS (
         SELECT 1 FROM json_each(?4) p
         WHERE substr(r.room_id, 1, coalesce(p.value ->> 1, length(r.room_id))) = p.value ->> 0))
     ORDER BY r.room_id LIMIT ?3"
);

#[derive(FromRow)]
struct ViewRow {
    view_room: String,
    kind: i64,
    room_name: Option<String>,
    head_seq: i64,
    member_count: i64,
    read_seq: i64,
    unread: i64,
    peer_id: Option<String>,
    peer_name: Option<String>,
    peer_read: Option<i64>,
    peer_delivered: Option<i64>,
    /// Of the last message, whose other columns are NULL where this is.
    message_id: Option<String>,
}

pub(super) async fn room_view(
    pool: &SqlitePool,
    room: &RoomId,
    user: &UserId,
) -> Result<Option<Room>, StoreError> {
    let query = sqlx::query(ROOM_VIEW).bind(user.as_str()).bind(room.as_str());
    query.fetch_optional(pool).await?.map(view).transpose()
}

pub(super) async fn rooms_of(
    pool: &SqlitePool,
    user: &UserId,
    within: &Reach,
    after: Option<&RoomId>,
    limit: u32,
) -> Result<Page<Room>, StoreError> {
    rooms(pool, ROOMS_OF, user, within, after, limit).await
}

pub(super) async fn public_rooms(
    pool: &SqlitePool,
    user: &UserId,
    within: &Reach,
    after: Option<&RoomId>,
    limit: u32,
) -> Result<Page<Room>, StoreError> {
    rooms(pool, PUBLIC_ROOMS, user, within, after, limit).await
}

async fn rooms(
    pool: &SqlitePool,
    statement: &'static str,
    user: &UserId,
    within: &Reach,
    after: Option<&RoomId>,
    limit: u32,
) -> Result<Page<Room>, StoreError> {
    let after = after.map_or("", RoomId::as_str);
    let query = sqlx::query(statement).bind(user.as_str()).bind(after).bind(i64::from(limit) + 1);
    let query = query.bind(reach(within)?);
    page(query.fetch_all(pool).await?, limit, view)
}

fn view(columns: SqliteRow) -> Result<Room, StoreError> {
    let row = ViewRow::from_row(&columns)?;
    let last_message = match row.message_id {
        Some(_) => Some(MessageRow::from_row(&columns)?.message()?),
        None => None,
    };
    let kind = room_kind(row.kind)?;
    let name = match kind {
        RoomKind::Direct => row.peer_name.or_else(|| row.peer_id.clone()),
        RoomKind::Public | RoomKind::Private => row.room_name,
    };
    Ok(Room {
        name: name.unwrap_or_else(|| row.view_room.clone()),
        room_id: room_id(row.view_room)?,
        kind,
        head_seq: position(row.head_seq)?,
        read_seq: position(row.read_seq)?,
        unread: position(row.unread)?,
        last_message,
        members: Some(position(row.member_count)?),
        peer_id: row.peer_id.map(user_id).transpose()?,
        peer_read_seq: row.peer_read.map(position).transpose()?,
        peer_delivered_seq: row.peer_delivered.map(position).transpose()?,
    })
}

const MEMBERS: &str = "
SELECT me.user_id, coalesce(u.name, me.user_id), me.role
FROM members me LEFT JOIN users u ON u.user_id = me.user_id
WHERE me.room_id = ?1 AND me.user_id > ?2 ORDER BY me.user_id LIMIT ?3";

pub(super) async fn members(
    pool: &SqlitePool,
    room: &RoomId,
    after: Option<&UserId>,
    limit: u32,
) -> Result<Page<Member>, StoreError> {
    let query = sqlx::query_as::<_, (String, String, i64)>(MEMBERS).bind(room.as_str());
    let query = query.bind(after.map_or("", UserId::as_str)).bind(i64::from(limit) + 1);
    page(query.fetch_all(pool).await?, limit, |(user, name, role)| {
        Ok(Member { user_id: user_id(user)?, name, role: row::role(role)? })
    })
}

// The last of the first members of a room is looked up once for it, and its markers are a range of the table.
const MARKERS: &str = "
SELECT m.room_id, m.user_id, m.read_seq, m.delivered_seq
FROM (SELECT DISTINCT value FROM json_each(?1)) wanted CROSS JOIN members m ON m.room_id = wanted.value
WHERE m.user_id <= (
    SELECT max(user_id) FROM (SELECT user_id FROM members WHERE room_id = wanted.value ORDER BY user_id LIMIT ?2)
)
ORDER BY m.room_id, m.user_id";

pub(super) async fn markers(
    pool: &SqlitePool,
    rooms: &[RoomId],
    limit: u32,
) -> Result<BTreeMap<RoomId, Vec<Marker>>, StoreError> {
    let ids: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    let query = sqlx::query_as::<_, (String, String, i64, i64)>(MARKERS).bind(json(&ids)?).bind(limit);
    let mut markers: BTreeMap<RoomId, Vec<Marker>> = BTreeMap::new();
    for (room, user, read, delivered) in query.fetch_all(pool).await? {
        markers.entry(room_id(room)?).or_default().push(Marker {
            user_id: user_id(user)?,
            read_seq: position(read)?,
            delivered_seq: Some(position(delivered)?),
        });
    }
    Ok(markers)
}
