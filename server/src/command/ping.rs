//! `PING`: answered with the server's clock.

use tidings_protocol::data::Pong;
use tidings_protocol::{ClientId, Event};

use super::Answer;
use crate::node::Node;

pub(super) fn run(node: &Node, id: Option<&ClientId>) -> Answer {
    Answer::Frame(node.frame(Event::Pong(Pong { id: id.cloned(), server_time: node.now() })))
}
