//! Where many logs stand, in one reading.

use sqlx::sqlite::SqlitePool;
use tidings_protocol::{RoomId, UserId};

use super::super::{Heads, StoreError, UserHeads};
use super::row::{json, position, room_id, user_id};

// One statement sees one state of the log. The broadcasts are the row without an id.
const HEADS: &str = "
SELECT 0 AS what, r.room_id AS id, r.head_seq AS first, 0 AS second
FROM json_each(?1) wanted CROSS JOIN rooms r ON r.room_id = wanted.value
UNION ALL
SELECT 1, u.user_id, u.inbox_head, u.notification_head
FROM json_each(?2) wanted CROSS JOIN users u ON u.user_id = wanted.value
UNION ALL
SELECT 2, '', broadcast_head, 0 FROM log_state";

const ROOM: i64 = 0;
const USER: i64 = 1;

pub(super) async fn heads(
    pool: &SqlitePool,
    rooms: &[RoomId],
    users: &[UserId],
) -> Result<Heads, StoreError> {
    let rooms: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
    let query = sqlx::query_as(HEADS).bind(json(&rooms)?).bind(json(&users)?);
    let rows: Vec<(i64, String, i64, i64)> = query.fetch_all(pool).await?;
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
