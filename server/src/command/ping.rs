//! `PING`: answered with the server's clock.

use tidings_protocol::data::Pong;
use tidings_protocol::{ClientId, Event};

use super::Answer;
use crate::connection::Session;
use crate::node::Outcome;

pub(super) fn run(session: &mut Session, id: Option<&ClientId>) -> Outcome<Answer> {
    let event = Event::Pong(Pong { id: id.cloned(), server_time: session.now() });
    let frame = session.node().frame(event);
    session.send(frame);
    Ok(Answer::Sent)
}
