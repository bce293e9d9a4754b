//! Messages in their present state: history and search.

use sqlx::sqlite::SqlitePool;
use tidings_protocol::entity::Message;
use tidings_protocol::{RoomId, UserId};

use super::super::{History, HistoryPage, Page, SearchQuery, StoreError, columns};
use super::row::{MessageRow, number, page, reach};
use super::text;

/// A message with its reactions as the user `?1` sees them, each emoji where it first came.
macro_rules! message_for_user {
    ($rest:expr) => {
        concat!(
            "SELECT m.*, (
                 SELECT json_group_array(json_array(emoji, n, mine) ORDER BY first) FROM (
                     SELECT emoji, count(*) AS n, max(user_id = ?1) AS mine, min(seq) AS first
                     FROM reactions WHERE message = m.id GROUP BY emoji
                 )
             ) AS reactions ",
            $rest
        )
    };
}

/// Messages with the head of their log, all of one moment.
macro_rules! message_with_head {
    ($rest:literal) => {
        message_for_user!(concat!(
            ", (SELECT head_seq FROM rooms WHERE room_id = ?2) AS head_seq
             FROM messages m WHERE m.room_id = ?2 AND ",
            $rest
        ))
    };
}

const BELOW: &str = message_with_head!("m.seq < ?3 ORDER BY m.seq DESC LIMIT ?4");
const ABOVE: &str = message_with_head!("m.seq > ?3 ORDER BY m.seq LIMIT ?4");
const SEARCH: &str = message_for_user!(
    "FROM messages_fts f
     CROSS JOIN messages m ON m.id = f.rowid
     CROSS JOIN rooms r ON r.room_id = m.room_id
     WHERE messages_fts MATCH ?2
       AND (?3 IS NULL OR f.rowid < coalesce((SELECT id FROM messages WHERE message_id = ?3), 0))
       AND (?4 IS NULL OR m.room_id = ?4)
       AND CASE
           WHEN r.kind <> 2 AND ?5 IS NOT NULL THEN EXISTS (
               SELECT 1 FROM json_each(?5) p
               WHERE substr(r.room_id, 1, coalesce(p.value ->> 1, length(r.room_id))) = p.value ->> 0)
           WHEN r.kind = 0 THEN 1
           ELSE EXISTS (SELECT 1 FROM members WHERE room_id = m.room_id AND user_id = ?1)
       END
     ORDER BY f.rowid DESC LIMIT ?6"
);

pub(super) async fn history(
    pool: &SqlitePool,
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
    columns::history(rows, limit, backwards, MessageRow::message)
}

pub(super) async fn search(pool: &SqlitePool, query: &SearchQuery) -> Result<Page<Message>, StoreError> {
    let Some(wanted) = text::query(&query.text) else {
        return Ok(Page { items: Vec::new(), has_more: false });
    };
    let statement = sqlx::query_as::<_, MessageRow>(SEARCH).bind(query.user_id.as_str()).bind(wanted);
    let statement = statement.bind(query.before.as_ref().map(|id| id.as_str()));
    let statement = statement.bind(query.room_id.as_ref().map(|id| id.as_str()));
    let statement = statement.bind(reach(&query.reach)?);
    let rows = statement.bind(i64::from(query.limit) + 1).fetch_all(pool).await?;
    page(rows, query.limit, MessageRow::message)
}
