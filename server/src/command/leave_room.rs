//! `LEAVE_ROOM`: unsubscribe this session; the user's last one out of a public room ends the membership.

use tidings_protocol::command::LeaveRoom;

use super::Answer;
use crate::connection::Session;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, leave: LeaveRoom) -> Outcome<Answer> {
    let subscribed = session.forget_room(&leave.room_id).await;
    if session.deadlines.stopped_typing(&leave.room_id) {
        // Before the word that the user has left: who shows it by both would show it for ever.
        session.tell_typing_over(&leave.room_id).await;
    }
    session
        .node()
        .leave(session.principal(), &leave.room_id, session.outbox().session_id(), subscribed)
        .await?;
    Ok(Answer::Done)
}
