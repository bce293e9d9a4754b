//! The bulk path: any number of appends by a constant number of statements.
//!
//! [`load`] reads every row that the appends touch, the plan works out in memory what becomes of each of them, in order, and
//! [`save`] writes each table once.

mod bulk;
mod load;
mod save;

use sqlx::sqlite::SqliteConnection;

use super::super::{Append, StoreError, Written};
use super::writer::Outcome;

/// `next_id` is the row id for the next message, before and after.
pub(super) async fn append(
    conn: &mut SqliteConnection,
    appends: Vec<Append>,
    next_id: &mut i64,
) -> Result<Vec<Outcome>, StoreError> {
    let mut plan = load::load(conn, &appends, *next_id).await?;
    let outcomes = appends.into_iter().map(|append| plan.append(append).map(Written::Appended)).collect();
    save::save(conn, &plan).await?;
    *next_id = plan.next_id;
    Ok(outcomes)
}
