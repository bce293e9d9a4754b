//! `JOIN_ROOM`: become a member, subscribe this session, and follow the room from a position on.

use std::slice;

use tidings_protocol::ClientId;
use tidings_protocol::command::JoinRoom;

use super::Answer;
use crate::connection::Session;
use crate::connection::entering::{Place, no_place};
use crate::frames;
use crate::node::Outcome;

pub(super) async fn run(session: &mut Session, id: Option<&ClientId>, join: JoinRoom) -> Outcome<Answer> {
    let JoinRoom { room_id, after_seq, epoch, rewind } = join;
    let node = session.node().clone();
    // Before anything is changed by a join.
    if !session.has_place_for(&room_id, 0) {
        return Err(no_place());
    }
    let joined = node.join(session.principal(), &room_id).await?;
    let place = Place { after: after_seq, epoch: epoch.as_ref(), rewind };
    let snapshot = session.subscribe(slice::from_ref(&room_id)).await?;
    let entered = session.enter(&room_id, joined.room.kind, place, &snapshot).await?;
    session.send(node.frame(entered.participants));
    if let Some(id) = id {
        session.send(frames::done(id.clone(), Some(room_id), node.now()));
    }
    if let Some(gap) = entered.gap {
        session.send(node.frame(gap));
    }
    Ok(Answer::Sent)
}
