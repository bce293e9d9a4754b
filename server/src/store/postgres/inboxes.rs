//! Delivered markers that are moved by inbox position: for all of a user's direct rooms, and for many users together.

use std::collections::HashMap;

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use tidings_protocol::UserId;

use super::super::Written;
use super::super::columns::{number, user_id};
use super::super::runs::Reaches;
use super::Outcome;
use super::error::Failure;
use super::markers::{delivered, listed};

// The marker of a room may stand beyond some of these already: a later message was delivered before them.
const PASSED: &str = "
SELECT user_id, message_id, sender, client_id FROM (
    SELECT i.user_id, m.message_id, m.sender, m.client_id,
           row_number() OVER (PARTITION BY i.user_id ORDER BY i.inbox_seq) AS n
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) j (user_id, above, upto)
    JOIN users u ON u.user_id = j.user_id
    JOIN inbox i ON i.user_id = u.user_id
        AND i.inbox_seq > greatest(u.inbox_delivered, j.above) AND i.inbox_seq <= j.upto
    JOIN messages m ON m.room_id = i.room_id AND m.seq = i.seq AND m.sender <> u.user_id
) passed
WHERE n <= $4
ORDER BY user_id, n";

#[derive(FromRow)]
struct Passed {
    user_id: String,
    message_id: String,
    sender: String,
    client_id: Option<String>,
}

// Up to where each part reaches into each direct room, without what is known to be delivered.
const MOVE: &str = "
WITH parts AS (
    SELECT u.user_id, u.inbox_delivered, j.above, j.upto
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) j (user_id, above, upto)
    JOIN users u ON u.user_id = j.user_id
), reached AS (
    SELECT i.room_id, i.user_id, max(i.seq) AS seq
    FROM parts p
    JOIN inbox i ON i.user_id = p.user_id
        AND i.inbox_seq > greatest(p.inbox_delivered, p.above) AND i.inbox_seq <= p.upto
    GROUP BY i.user_id, i.room_id
), moved AS (
    UPDATE members me SET delivered_seq = greatest(me.delivered_seq, reached.seq)
    FROM reached WHERE me.room_id = reached.room_id AND me.user_id = reached.user_id
)
UPDATE users u SET inbox_delivered = greatest(u.inbox_delivered, least(p.upto, u.inbox_head))
FROM parts p WHERE u.user_id = p.user_id AND u.inbox_delivered >= p.above";

pub(super) async fn deliver(conn: &mut PgConnection, reaches: Reaches) -> Result<Vec<Outcome>, Failure> {
    let parts = reaches.parts();
    let users: Vec<&str> = parts.iter().map(|(user, _, _)| user.as_str()).collect();
    let above: Vec<i64> = parts.iter().map(|(_, above, _)| number(*above)).collect();
    let upto: Vec<i64> = parts.iter().map(|(_, _, upto)| number(*upto)).collect();
    let mut passed: HashMap<UserId, Vec<_>> = HashMap::new();
    let query = sqlx::query_as::<_, Passed>(PASSED).bind(&users).bind(&above).bind(&upto).bind(listed());
    for row in query.fetch_all(&mut *conn).await? {
        let of_user = passed.entry(user_id(row.user_id)?).or_default();
        of_user.push(delivered((row.message_id, row.sender, row.client_id))?);
    }
    sqlx::query(MOVE).bind(&users).bind(&above).bind(&upto).execute(conn).await?;
    let outcomes = parts.iter().map(|(user, _, _)| passed.remove(user).unwrap_or_default());
    Ok(outcomes.map(|messages| Ok(Written::Delivered(messages))).collect())
}
