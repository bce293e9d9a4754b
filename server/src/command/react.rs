//! `REACT`: set or unset a reaction on a message.

use tidings_protocol::command::React;
use tidings_protocol::limits::MAX_EMOJI_BYTES;
use tidings_protocol::{ClientId, Code};

use super::{Answer, Caller};
use crate::error::Error;
use crate::node::Outcome;
use crate::store::{Change, Target};

pub(super) async fn run(caller: &Caller<'_>, id: Option<&ClientId>, react: React) -> Outcome<Answer> {
    let React { room_id, message_id, emoji, remove } = react;
    let fits = !emoji.is_empty()
        && emoji.len() <= MAX_EMOJI_BYTES
        && !emoji.chars().any(|c| c.is_whitespace() || c.is_control());
    if !fits {
        let detail = format!("must be 1 to {MAX_EMOJI_BYTES} bytes without whitespace or control characters");
        return Err(Error::new(Code::InvalidFrame).field("emoji").detail(detail));
    }
    caller.append(id, Target::Room(room_id), Change::React { message_id, emoji, remove }).await
}
