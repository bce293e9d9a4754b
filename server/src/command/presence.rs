//! `PRESENCE`: what the others see of this user.

use tidings_protocol::command::SetPresence;

use super::Answer;
use crate::connection::Session;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, show: SetPresence) -> Outcome<Answer> {
    let (user, own) = (&session.principal().user_id, session.outbox().session_id());
    session.node().show(user, own, show.status).await;
    Ok(Answer::Done)
}
