//! Messages in their present state: history and search.

use sqlx::postgres::PgPool;
use tidings_protocol::entity::Message;
use tidings_protocol::{RoomId, UserId};

use super::super::columns::{self, MessageRow, number, page};
use super::super::{History, HistoryPage, Page, SearchQuery, StoreError};
use super::row::{message, reach};
use super::text;

/// A message with its reactions as the user `$1` sees them, each emoji where it first came.
macro_rules! message_for_user {
    ($rest:expr) => {
        concat!(
            "SELECT ",
            message_columns!(),
            ", (
                 SELECT json_agg(json_build_array(emoji, n, mine) ORDER BY first)::text FROM (
                     SELECT emoji, count(*) AS n, max((user_id = $1)::int) AS mine, min(seq) AS first
                     FROM reactions WHERE message = m.id GROUP BY emoji
                 ) counts
             ) AS reactions ",
            $rest
        )
    };
}

/// Messages with the head of their log, all of one moment.
macro_rules! message_with_head {
    ($rest:literal) => {
        message_for_user!(concat!(
            ", (SELECT head_seq FROM rooms WHERE room_id = $2) AS head_seq
             FROM messages m WHERE m.room_id = $2 AND ",
            $rest
        ))
    };
}

const BELOW: &str = message_with_head!("m.seq < $3 ORDER BY m.seq DESC LIMIT $4");
const ABOVE: &str = message_with_head!("m.seq > $3 ORDER BY m.seq LIMIT $4");
const SEARCH: &str = message_for_user!(
    "FROM message_words w
     JOIN messages m ON m.id = w.message
     JOIN rooms r ON r.room_id = m.room_id
     WHERE w.words @@ $2::text::tsquery
       AND ($3::text IS NULL OR w.message < coalesce((SELECT id FROM messages WHERE message_id = $3), 0))
       AND ($4::text IS NULL OR m.room_id = $4)
       AND CASE
           WHEN r.kind <> 2 AND $5::text[] IS NOT NULL THEN r.room_id = ANY($5)
               OR EXISTS (SELECT 1 FROM unnest($6::text[]) p WHERE starts_with(r.room_id, p))
           WHEN r.kind = 0 THEN true
           ELSE EXISTS (SELECT 1 FROM members WHERE room_id = m.room_id AND user_id = $1)
       END
     ORDER BY w.message DESC LIMIT $7"
);

pub(super) async fn history(
    pool: &PgPool,
    room: &RoomId,
    user: &UserId,
    which: HistoryPage,
    limit: u32,
) -> Result<History, StoreError> {
    let (statement, seq, backwards) = match which {
        HistoryPage::Newest => (BELOW, i64::MAX, true),
        HistoryPage::Before(seq) => (BELOW, number(seq), true),
        HistoryPage::After(seq) => (ABOVE, number(seq), false),
    };
    let query = sqlx::query_as::<_, MessageRow>(statement).bind(user.as_str()).bind(room.as_str());
    let rows = query.bind(seq).bind(i64::from(limit) + 1).fetch_all(pool).await?;
    columns::history(rows, limit, backwards, message)
}

pub(super) async fn search(pool: &PgPool, query: &SearchQuery) -> Result<Page<Message>, StoreError> {
    let Some(wanted) = text::query(&query.text) else {
        return Ok(Page { items: Vec::new(), has_more: false });
    };
    let statement = sqlx::query_as::<_, MessageRow>(SEARCH).bind(query.user_id.as_str()).bind(wanted);
    let statement = statement.bind(query.before.as_ref().map(|id| id.as_str()));
    let statement = statement.bind(query.room_id.as_ref().map(|id| id.as_str()));
    let (ids, prefixes) = reach(&query.reach);
    let statement = statement.bind(ids).bind(prefixes);
    let rows = statement.bind(i64::from(query.limit) + 1).fetch_all(pool).await?;
    page(rows, query.limit, message)
}
