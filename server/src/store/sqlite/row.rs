//! Rows for statements of SQLite, as JSON; the columns are alike in every database.

use serde::Serialize;

pub(super) use super::super::columns::*;
use super::super::{Reach, RoomMatch, StoreError};

/// Rows for a statement that reads them with `json_each`.
pub(super) fn json(rows: &(impl Serialize + ?Sized)) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// A reach for a statement that reads it with `json_each`: ids, and beginnings with their length in characters.
/// NULL reaches everything.
pub(super) fn reach(reach: &Reach) -> Result<Option<String>, StoreError> {
    let Reach::Only(matches) = reach else { return Ok(None) };
    let matches: Vec<(&str, Option<usize>)> = matches
        .iter()
        .map(|one| match one {
            RoomMatch::Id(id) => (id.as_str(), None),
            RoomMatch::Prefix(prefix) => (prefix.as_str(), Some(prefix.chars().count())),
        })
        .collect();
    json(&matches).map(Some)
}
