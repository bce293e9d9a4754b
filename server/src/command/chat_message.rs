//! `CHAT_MESSAGE`: append a message to a room's log.

use tidings_protocol::ClientId;
use tidings_protocol::command::ChatMessage;

use super::{Answer, Caller};
use crate::node::Outcome;
use crate::store::{Change, Target};

pub(super) async fn run(caller: &Caller<'_>, id: Option<&ClientId>, message: ChatMessage) -> Outcome<Answer> {
    let ChatMessage { room_id, content, reply_to } = message;
    caller.check_content(&content)?;
    caller.append(id, Target::Room(room_id), Change::Message { content, reply_to }).await
}
