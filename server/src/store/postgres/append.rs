//! The bulk path: any number of appends by a constant number of statements.
//!
//! [`load`] reads every row that the appends touch, the plan works out in memory what becomes of each of them, in order, and
//! [`save`] writes each table once. The rows that decide a seq are locked before.

mod load;
mod save;

use sqlx::postgres::PgConnection;

use super::super::{Append, Written};
use super::Outcome;
use super::error::Failure;

/// `next_id` is the row id for the next message, before and after.
pub(super) async fn append(
    conn: &mut PgConnection,
    appends: Vec<Append>,
    next_id: &mut i64,
) -> Result<Vec<Outcome>, Failure> {
    let mut plan = load::load(conn, &appends, *next_id).await?;
    let outcomes = appends.into_iter().map(|append| plan.append(append).map(Written::Appended)).collect();
    save::save(conn, &plan).await?;
    *next_id = plan.next_id;
    Ok(outcomes)
}
