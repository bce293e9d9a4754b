//! Where many logs stand, in one reading.

use sqlx::sqlite::SqlitePool;
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{RoomId, UserId};

use super::super::{Heads, StoreError, UserHeads};
use super::row::{json, position, room_id, room_kind, user_id};

// One statement sees one state of the log. A room comes with its kind; the broadcasts are the row
// without an id.
const HEADS: &str = "
SELECT 0 AS what, r.room_id AS id, r.head_seq AS first, r.kind AS second
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
SELECT wanted.value ->> 0, wanted.value ->> 1 FROM json_each(?1) wanted
WHERE NOT EXISTS (
    SELECT 1 FROM members WHERE room_id = wanted.value ->> 0 AND user_id = wanted.value ->> 1
)";

pub(super) async fn outsiders(
    pool: &SqlitePool,
    pairs: &[(RoomId, UserId)],
) -> Result<Vec<(RoomId, UserId)>, StoreError> {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(room, user)| (room.as_str(), user.as_str())).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(OUTSIDERS).bind(json(&pairs)?).fetch_all(pool).await?;
    rows.into_iter().map(|(room, user)| Ok((room_id(room)?, user_id(user)?))).collect()
}
