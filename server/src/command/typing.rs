//! `TYPING`: tell the others in the room; it is over by itself a while after the last word.

use tidings_protocol::command::Typing;

use super::Answer;
use crate::connection::Session;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, typing: Typing) -> Outcome<Answer> {
    let Typing { room_id, data } = typing;
    let node = session.node().clone();
    if session.logs.find(&room_id).is_none() {
        node.membership(session.principal(), &room_id).await?;
    }
    if data.is_typing {
        session.deadlines.typing(&room_id);
    } else {
        session.deadlines.stopped_typing(&room_id);
    }
    node.typing(&session.principal().user_id, &room_id, data.is_typing).await?;
    Ok(Answer::Done)
}
