//! Where many logs stand, in one reading.

use sqlx::postgres::PgPool;
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{RoomId, UserId};

use super::super::columns::{position, room_id, room_kind, user_id};
use super::super::{Heads, StoreError, UserHeads};

// One statement sees one state of the log. A room comes with its kind; the broadcasts are the row
// without an id.
const HEADS: &str = "
SELECT 0 AS what, room_id AS id, head_seq AS first, kind AS second FROM rooms WHERE room_id = ANY($1)
UNION ALL
SELECT 1, user_id, inbox_head, notification_head FROM users WHERE user_id = ANY($2)
UNION ALL
SELECT 2, '', broadcast_head, 0::bigint FROM log_state";

const ROOM: i32 = 0;
const USER: i32 = 1;

pub(super) async fn heads(pool: &PgPool, rooms: &[RoomId], users: &[UserId]) -> Result<Heads, StoreError> {
    let rooms: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let rows: Vec<(i32, String, i64, i64)> =
        sqlx::query_as(HEADS).bind(rooms).bind(users).fetch_all(pool).await?;
    let mut heads = Heads::default();
    for (what, id, first, second) in rows {
        let first = position(first)?;
        match what {
            ROOM => {
                let room = room_id(id)?;
                if room_kind(second)? == RoomKind::Private {
                    heads.private.push(room.clone());
                }
                heads.rooms.push((room, first));
            }
            USER => {
                let user = UserHeads { inbox: first, notification: position(second)? };
                heads.users.push((user_id(id)?, user));
            }
            _ => heads.broadcast = first,
        }
    }
    Ok(heads)
}

const OUTSIDERS: &str = "
SELECT j.room_id, j.user_id FROM unnest($1::text[], $2::text[]) j (room_id, user_id)
WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.room_id = j.room_id AND m.user_id = j.user_id)";

pub(super) async fn outsiders(
    pool: &PgPool,
    pairs: &[(RoomId, UserId)],
) -> Result<Vec<(RoomId, UserId)>, StoreError> {
    let (rooms, users): (Vec<&str>, Vec<&str>) =
        pairs.iter().map(|(room, user)| (room.as_str(), user.as_str())).unzip();
    let rows: Vec<(String, String)> =
        sqlx::query_as(OUTSIDERS).bind(rooms).bind(users).fetch_all(pool).await?;
    rows.into_iter().map(|(room, user)| Ok((room_id(room)?, user_id(user)?))).collect()
}
