//! Delivered markers that are moved by inbox position: for all of a user's direct rooms, and for many users together.

use std::collections::HashMap;

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;
use tidings_protocol::UserId;

use super::super::runs::Reaches;
use super::super::{StoreError, Written};
use super::markers::{delivered, listed};
use super::row::{json, number, user_id};
use super::writer::Outcome;

// Up to where each part reaches into each direct room, without what is known to be delivered.
const REACHED: &str = "
SELECT i.room_id, i.user_id, max(i.seq)
FROM json_each(?) j
CROSS JOIN users u ON u.user_id = j.value ->> 0
CROSS JOIN inbox i ON i.user_id = u.user_id
    AND i.inbox_seq > max(u.inbox_delivered, j.value ->> 1) AND i.inbox_seq <= j.value ->> 2
GROUP BY i.user_id, i.room_id";

// The marker of a room may stand beyond some of these already: a later message was delivered before them.
const PASSED: &str = "
SELECT * FROM (
    SELECT i.user_id, m.message_id, m.sender, m.client_id,
           row_number() OVER (PARTITION BY i.user_id ORDER BY i.inbox_seq) AS n
    FROM json_each(?1) j
    CROSS JOIN users u ON u.user_id = j.value ->> 0
    CROSS JOIN inbox i ON i.user_id = u.user_id
        AND i.inbox_seq > max(u.inbox_delivered, j.value ->> 1) AND i.inbox_seq <= j.value ->> 2
    CROSS JOIN messages m ON m.room_id = i.room_id AND m.seq = i.seq AND m.sender <> u.user_id
)
WHERE n <= ?2
ORDER BY user_id, n";

#[derive(FromRow)]
struct Passed {
    user_id: String,
    message_id: String,
    sender: String,
    client_id: Option<String>,
}

// No parameter is numbered: sqlx takes each statement's own from where the last one's ended.
const MOVE: &str = "
UPDATE members SET delivered_seq = max(delivered_seq, j.value ->> 2)
FROM json_each(?) j
WHERE members.room_id = j.value ->> 0 AND members.user_id = j.value ->> 1;

UPDATE users SET inbox_delivered = max(inbox_delivered, min(j.value ->> 2, inbox_head))
FROM json_each(?) j
WHERE users.user_id = j.value ->> 0 AND users.inbox_delivered >= j.value ->> 1";

pub(super) async fn deliver(
    conn: &mut SqliteConnection,
    reaches: Reaches,
) -> Result<Vec<Outcome>, StoreError> {
    let wanted: Vec<(&UserId, i64, i64)> =
        reaches.parts().iter().map(|(user, after, upto)| (user, number(*after), number(*upto))).collect();
    let wanted = json(&wanted)?;
    let reached: Vec<(String, String, i64)> =
        sqlx::query_as(REACHED).bind(&wanted).fetch_all(&mut *conn).await?;
    let mut passed = HashMap::new();
    if !reached.is_empty() {
        let query = sqlx::query_as::<_, Passed>(PASSED).bind(&wanted).bind(listed());
        for row in query.fetch_all(&mut *conn).await? {
            let of_user: &mut Vec<_> = passed.entry(user_id(row.user_id)?).or_default();
            of_user.push(delivered((row.message_id, row.sender, row.client_id))?);
        }
        sqlx::query(MOVE).bind(json(&reached)?).bind(&wanted).execute(conn).await?;
    }
    let outcomes = reaches.parts().iter();
    Ok(outcomes.map(|(user, _, _)| Ok(Written::Delivered(passed.remove(user).unwrap_or_default()))).collect())
}
