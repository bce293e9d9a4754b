//! Rows as parameters of one prepared statement, a full chunk at a time: under full load a fifth of the server's time was
//! JSON that SQLite took apart again. Fewer rows than a chunk go as JSON, in one step to the connection's thread with
//! whatever else there is to do.

use std::sync::LazyLock;

use sqlx::FromRow;
use sqlx::sqlite::SqliteConnection;

use super::super::super::StoreError;
use super::super::super::columns::number;
use super::super::super::plan::{NewKey, NewMessage};
use super::super::row::json;

/// Rows of one statement. A bigger one holds more memory for its parameters, and is met less often.
const ROWS: usize = 64;

/// Where new messages go; their columns in the order of [`messages`].
pub(super) const MESSAGES: &str = "INSERT OR FAIL INTO messages (id, message_id, room_id, seq, sender, sender_name, content, at, reply_to, client_id, edited_at, deleted)";
/// Where used keys go; their columns in the order of [`keys`].
pub(super) const KEYS: &str =
    "INSERT OR FAIL INTO idempotency_keys (sender, client_id, fingerprint, place, position)";

static MESSAGES_CHUNK: LazyLock<String> = LazyLock::new(|| format!("{MESSAGES} VALUES {}", rows_of(12)));

static KEYS_CHUNK: LazyLock<String> = LazyLock::new(|| format!("{KEYS} VALUES {}", rows_of(5)));

static FIND_KEYS: LazyLock<String> = LazyLock::new(|| keys_found_by(&format!("VALUES {}", rows_of(2))));

static FIND_FEW_KEYS: LazyLock<String> =
    LazyLock::new(|| keys_found_by("SELECT value ->> 0, value ->> 1 FROM json_each(?)"));

fn rows_of(columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; ROWS].join(", ")
}

// The key of a notification or broadcast has a place that is no room: it finds no message.
fn keys_found_by(wanted: &str) -> String {
    format!(
        "WITH wanted (sender, client_id) AS ({wanted})
        SELECT k.sender, k.client_id, k.fingerprint, k.place, k.position, m.message_id
        FROM wanted w
        CROSS JOIN idempotency_keys k ON k.sender = w.sender AND k.client_id = w.client_id
        LEFT JOIN changes c ON c.room_id = k.place AND c.seq = k.position
        LEFT JOIN messages m
            ON m.id = coalesce(c.message, (SELECT id FROM messages WHERE room_id = k.place AND seq = k.position))"
    )
}

/// A key that was used, and the message of its entry, where it has one.
#[derive(FromRow)]
pub(super) struct KeyRow {
    pub(super) sender: String,
    pub(super) client_id: String,
    pub(super) fingerprint: i64,
    pub(super) place: String,
    pub(super) position: i64,
    pub(super) message_id: Option<String>,
}

/// Which of these (sender, id) have been used.
pub(super) async fn used_keys(
    conn: &mut SqliteConnection,
    wanted: &[(&str, &str)],
) -> Result<Vec<KeyRow>, StoreError> {
    let mut found = Vec::new();
    let (chunks, rest) = wanted.as_chunks::<ROWS>();
    for chunk in chunks {
        let mut query = sqlx::query_as(FIND_KEYS.as_str());
        for (sender, client_id) in chunk {
            query = query.bind(*sender).bind(*client_id);
        }
        found.extend(query.fetch_all(&mut *conn).await?);
    }
    if !rest.is_empty() {
        let rest = json(rest)?;
        found.extend(sqlx::query_as(FIND_FEW_KEYS.as_str()).bind(rest).fetch_all(conn).await?);
    }
    Ok(found)
}

/// Writes what fills chunks. What is left, as JSON, is for the caller.
pub(super) async fn messages(conn: &mut SqliteConnection, new: &[NewMessage]) -> Result<String, StoreError> {
    let (chunks, rest) = new.as_chunks::<ROWS>();
    for chunk in chunks {
        let mut query = sqlx::query(MESSAGES_CHUNK.as_str());
        for row in chunk {
            query = query
                .bind(row.id)
                .bind(row.message_id.as_str())
                .bind(row.room_id.as_str())
                .bind(number(row.seq))
                .bind(row.sender.as_str())
                .bind(row.sender_name.as_deref())
                .bind(row.content.as_str())
                .bind(row.at.as_millis())
                .bind(row.reply_to.as_ref().map(|id| id.as_str()))
                .bind(row.client_id.as_ref().map(|id| id.as_str()))
                .bind(row.edited_at.map(|at| at.as_millis()))
                .bind(i64::from(row.deleted));
        }
        query.execute(&mut *conn).await?;
    }
    let rest = rest.iter().map(|row| {
        let edited_at = row.edited_at.map(|at| at.as_millis());
        (
            row.id,
            &row.message_id,
            &row.room_id,
            row.seq,
            &row.sender,
            &row.sender_name,
            &row.content,
            row.at.as_millis(),
            &row.reply_to,
            &row.client_id,
            edited_at,
            i64::from(row.deleted),
        )
    });
    json(&rest.collect::<Vec<_>>())
}

/// Writes what fills chunks. What is left, as JSON, is for the caller.
pub(super) async fn keys(conn: &mut SqliteConnection, new: &[NewKey]) -> Result<String, StoreError> {
    let (chunks, rest) = new.as_chunks::<ROWS>();
    for chunk in chunks {
        let mut query = sqlx::query(KEYS_CHUNK.as_str());
        for row in chunk {
            query = query
                .bind(row.sender.as_str())
                .bind(row.client_id.as_str())
                .bind(row.fingerprint)
                .bind(row.room_id.as_str())
                .bind(number(row.seq));
        }
        query.execute(&mut *conn).await?;
    }
    let rest = rest.iter().map(|row| (&row.sender, &row.client_id, row.fingerprint, &row.room_id, row.seq));
    json(&rest.collect::<Vec<_>>())
}
