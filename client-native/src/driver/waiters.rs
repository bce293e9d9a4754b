//! Who waits for what: joins, leaves and entries, answered by the session's events.

use std::collections::HashMap;

use tidings_client_core::{Event, RoomState, SendState};
use tidings_protocol::{ClientId, MessageId, RoomId};
use tokio::sync::oneshot;

use crate::error::{JoinError, SendError};
use crate::sent::Acked;

/// Answers that are still to be given.
#[derive(Default)]
pub(super) struct Waiters {
    joins: HashMap<RoomId, Vec<oneshot::Sender<Result<(), JoinError>>>>,
    leaves: HashMap<RoomId, Vec<oneshot::Sender<()>>>,
    sends: HashMap<ClientId, oneshot::Sender<Result<Acked, SendError>>>,
}

impl Waiters {
    pub(super) fn join(&mut self, room: RoomId, answer: oneshot::Sender<Result<(), JoinError>>) {
        self.joins.entry(room).or_default().push(answer);
    }

    pub(super) fn leave(&mut self, room: RoomId, answer: oneshot::Sender<()>) {
        self.leaves.entry(room).or_default().push(answer);
    }

    pub(super) fn send(&mut self, id: ClientId, answer: oneshot::Sender<Result<Acked, SendError>>) {
        self.sends.insert(id, answer);
    }

    /// Gives the answers that follow from an event. Those who no longer wait are passed over.
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Room { room, state } => self.room(room, *state),
            Event::Sent { id, state } => self.sent(id, state),
            Event::Status(_)
            | Event::Disconnected { .. }
            | Event::MaxReconnectAttemptsReached
            | Event::Frame(_)
            | Event::Gap(_)
            | Event::Resumed
            | Event::Malformed(_) => {}
        }
    }

    /// The session is closed for good.
    pub(super) fn close(&mut self) {
        for answer in self.joins.drain().flat_map(|(_, answers)| answers) {
            let _ = answer.send(Err(JoinError::Closed));
        }
        for (_, answer) in self.sends.drain() {
            let _ = answer.send(Err(SendError::Closed));
        }
        self.leaves.clear();
    }

    fn room(&mut self, room: &RoomId, state: RoomState) {
        let joined = match state {
            RoomState::Joined => Ok(()),
            RoomState::Refused(code) => Err(JoinError::Refused(code)),
            RoomState::Left => {
                for answer in self.leaves.remove(room).into_iter().flatten() {
                    let _ = answer.send(());
                }
                return;
            }
        };
        for answer in self.joins.remove(room).into_iter().flatten() {
            let _ = answer.send(joined.clone());
        }
    }

    fn sent(&mut self, id: &ClientId, state: &SendState) {
        let answer = match state {
            SendState::Queued | SendState::InFlight => return,
            SendState::Acked { room, message_id, seq, duplicate } => Ok(Acked {
                id: id.clone(),
                room_id: room.as_deref().and_then(|id| RoomId::new(id).ok()),
                message_id: message_id.as_deref().and_then(|id| MessageId::new(id).ok()),
                seq: *seq,
                duplicate: *duplicate,
            }),
            SendState::Failed(code) => Err(SendError::Failed(*code)),
            SendState::Refused(refusal) => Err(SendError::Refused(*refusal)),
            // There is no storage that another page could have taken it from.
            SendState::Cancelled | SendState::TakenOver => Err(SendError::Cancelled),
        };
        if let Some(waiting) = self.sends.remove(id) {
            let _ = waiting.send(answer);
        }
    }
}
