//! Where many logs stand, in one reading.

use sqlx::postgres::PgPool;
use tidings_protocol::{RoomId, UserId};

use super::super::columns::{position, room_id, user_id};
use super::super::{Heads, StoreError, UserHeads};

// One statement sees one state of the log. The broadcasts are the row without an id.
const HEADS: &str = "
SELECT 0 AS what, room_id AS id, head_seq AS first, 0::bigint AS second FROM rooms WHERE room_id = ANY($1)
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
            ROOM => heads.rooms.push((room_id(id)?, first)),
            USER => {
                let user = UserHeads { inbox: first, notification: position(second)? };
                heads.users.push((user_id(id)?, user));
            }
            _ => heads.broadcast = first,
        }
    }
    Ok(heads)
}
