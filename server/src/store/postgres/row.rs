//! From columns to types where PostgreSQL differs: its text, and lists as arrays.

use super::super::columns::{MessageRow, RoomRow};
use super::super::{Reach, RoomMatch, StoreError};
use super::text::{plain, plain_option};
use tidings_protocol::entity::Message;

/// A message as it was before it was stored.
pub(super) fn message(row: MessageRow) -> Result<Message, StoreError> {
    let mut message = MessageRow {
        sender_name: plain_option(row.sender_name),
        content: plain(row.content),
        client_id: plain_option(row.client_id),
        ..row
    }
    .message()?;
    for reaction in &mut message.reactions {
        reaction.emoji = plain(std::mem::take(&mut reaction.emoji));
    }
    Ok(message)
}

/// A room likewise.
pub(super) fn room(row: RoomRow) -> Result<super::super::RoomRecord, StoreError> {
    RoomRow { name: plain_option(row.name), ..row }.record()
}

/// A reach as two arrays, ids and beginnings; NULL reaches everything.
pub(super) fn reach(reach: &Reach) -> (Option<Vec<&str>>, Option<Vec<&str>>) {
    let Reach::Only(matches) = reach else { return (None, None) };
    let (mut ids, mut prefixes) = (Vec::new(), Vec::new());
    for one in matches {
        match one {
            RoomMatch::Id(id) => ids.push(id.as_str()),
            RoomMatch::Prefix(prefix) => prefixes.push(prefix.as_str()),
        }
    }
    (Some(ids), Some(prefixes))
}
