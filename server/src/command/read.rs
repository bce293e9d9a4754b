//! `READ`: move the user's read marker forward.

use tidings_protocol::command::Read;

use super::Answer;
use crate::connection::Session;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, read: Read) -> Outcome<Answer> {
    let own = session.outbox().session_id();
    session.node().read(session.principal(), Some(own), &read.room_id, read.seq).await?;
    Ok(Answer::Done)
}
