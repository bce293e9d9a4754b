//! `EDIT_MESSAGE`: new text for one's own message.

use tidings_protocol::ClientId;
use tidings_protocol::command::EditMessage;

use super::{Answer, Caller};
use crate::node::Outcome;
use crate::store::{Change, Target};

pub(super) async fn run(caller: &Caller<'_>, id: Option<&ClientId>, edit: EditMessage) -> Outcome<Answer> {
    let EditMessage { room_id, message_id, content } = edit;
    caller.check_content(&content)?;
    caller.append(id, Target::Room(room_id), Change::Edit { message_id, content }).await
}
