//! `PRIVATE_MESSAGE`: append a message to the direct log with another user, and to both inboxes.

use tidings_protocol::command::PrivateMessage;
use tidings_protocol::{ClientId, Code};

use super::{Answer, Caller};
use crate::error::Error;
use crate::node::Outcome;
use crate::store::{Change, Target};

pub(super) async fn run(
    caller: &Caller<'_>,
    id: Option<&ClientId>,
    message: PrivateMessage,
) -> Outcome<Answer> {
    let PrivateMessage { content, data, reply_to } = message;
    caller.check_content(&content)?;
    if data.recipient_id == caller.principal.user_id {
        return Err(Error::new(Code::InvalidFrame).field("data.recipientId").detail("must be another user"));
    }
    caller.append(id, Target::Direct(data.recipient_id), Change::Message { content, reply_to }).await
}
