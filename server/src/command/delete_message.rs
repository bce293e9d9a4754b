//! `DELETE_MESSAGE`: one's own message goes; a tombstone stays.

use tidings_protocol::ClientId;
use tidings_protocol::command::DeleteMessage;

use super::{Answer, Caller};
use crate::node::Outcome;
use crate::store::{Change, Target};

pub(super) async fn run(
    caller: &Caller<'_>,
    id: Option<&ClientId>,
    delete: DeleteMessage,
) -> Outcome<Answer> {
    let DeleteMessage { room_id, message_id } = delete;
    caller.append(id, Target::Room(room_id), Change::Delete { message_id }).await
}
