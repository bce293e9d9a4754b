//! Order under refusal: which logs of a session are held after one of its frames was refused for now.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::{ClientId, Code, RoomId, UserId};
use tokio::time::Instant;

use crate::error::Error;
use crate::store::{Appended, Target};

/// Logs that one gate holds; a session has at most 200 rooms, and direct rooms beside.
const MAX_HELD: usize = 1_024;
/// Direct rooms of which one gate knows both names.
const MAX_NAMES: usize = 1_024;
/// Refused frames that one gate remembers. Past that the oldest is forgotten, and what names it is held by the wait alone.
const MAX_REFUSED: usize = 1_024;
/// What a frame waits that is held only for the one that it names.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Keeps a session's frames for one log in order under refusal: after a retryable refusal, later ones for that
/// log are refused alike until the wait is over; and one that names a refused frame as its `after`, until that one
/// has come again.
#[derive(Debug, Default)]
pub struct Gate {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    closed: Vec<Closed>,
    /// Direct rooms by their other member, as far as the session's own entries have told them.
    names: HashMap<UserId, RoomId>,
    /// Frames that were refused for now and have not come again.
    refused: VecDeque<ClientId>,
}

#[derive(Debug)]
struct Closed {
    target: Target,
    until: Instant,
    by: By,
}

/// What closed a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A frame was too much: those behind it are refused before they are queued; those before it are done.
    Rate,
    /// A commit failed: those that are queued behind it are refused too.
    Store,
}

impl Gate {
    /// The refusal of a frame for this log, alike to the one that closed its gate; `None` where it is open.
    #[must_use]
    pub fn refusal(&self, target: &Target, after: Option<&ClientId>) -> Option<Error> {
        if let Some(wait) = self.wait_in_queue(target, after) {
            return Some(held(wait));
        }
        let wait = self.wait_for(target, |_| true)?;
        Some(Error::new(Code::RateLimited).retry_after(wait))
    }

    /// How long a frame that is queued already is held.
    pub(super) fn wait_in_queue(&self, target: &Target, after: Option<&ClientId>) -> Option<Duration> {
        let wait = self.wait_for(target, |by| by == By::Store);
        if wait.is_none() && after.is_some_and(|id| self.inner.lock().refused.contains(id)) {
            return Some(AT_ONCE);
        }
        wait
    }

    /// A frame is refused for now, and what names it will be too.
    pub fn refused(&self, id: Option<&ClientId>) {
        let Some(id) = id else { return };
        let refused = &mut self.inner.lock().refused;
        if !refused.contains(id) {
            if refused.len() >= MAX_REFUSED {
                refused.pop_front();
            }
            refused.push_back(id.clone());
        }
    }

    /// A frame is taken, and what names it may follow.
    pub fn taken(&self, id: Option<&ClientId>) {
        let Some(id) = id else { return };
        let refused = &mut self.inner.lock().refused;
        if let Some(at) = refused.iter().position(|r| r == id) {
            refused.remove(at);
        }
    }

    fn wait_for(&self, target: &Target, meant: impl Fn(By) -> bool) -> Option<Duration> {
        let mut inner = self.inner.lock();
        if inner.closed.is_empty() {
            return None;
        }
        let now = Instant::now();
        inner.closed.retain(|c| c.until > now);
        let held = inner.closed.iter().filter(|c| meant(c.by) && inner.is_one_log(&c.target, target));
        let until = held.map(|c| c.until).max()?;
        Some(until.duration_since(now).max(Duration::from_millis(1)))
    }

    /// Closes the log's gate for a time. A gate that is closed already for the same reason stays as it is.
    pub fn close(&self, target: &Target, wait: Duration, by: By) {
        let closed = &mut self.inner.lock().closed;
        if closed.len() < MAX_HELD && !closed.iter().any(|c| c.target == *target && c.by == by) {
            closed.push(Closed { target: target.clone(), until: Instant::now() + wait, by });
        }
    }

    /// Notes both names of a direct room, as an entry of the session's own tells them.
    pub(super) fn learn(&self, target: &Target, appended: &Appended) {
        let peer = match (target, &appended.entry) {
            (Target::Direct(peer), _) => peer,
            (Target::Room(_), Some(entry)) => match &entry.peers {
                Some([a, b]) => {
                    if *a == entry.actor {
                        b
                    } else {
                        a
                    }
                }
                None => return,
            },
            (Target::Room(_), None) => return,
        };
        let names = &mut self.inner.lock().names;
        if names.len() < MAX_NAMES && !names.contains_key(peer) {
            names.insert(peer.clone(), appended.room_id.clone());
        }
    }
}

impl Inner {
    /// Whether two targets name one log. A direct room goes by its id and by its other member. Where the session has had
    /// no entry in it yet, which id is that member's is not known here, and it may be any that is nobody else's.
    fn is_one_log(&self, a: &Target, b: &Target) -> bool {
        match (a, b) {
            (Target::Direct(peer), Target::Room(room)) | (Target::Room(room), Target::Direct(peer)) => {
                match self.names.get(peer) {
                    Some(known) => known == room,
                    None => room.is_direct() && !self.names.values().any(|known| known == room),
                }
            }
            (Target::Room(_), Target::Room(_)) | (Target::Direct(_), Target::Direct(_)) => a == b,
        }
    }
}

/// The answer to a frame whose log is held after an earlier refusal.
#[must_use]
pub fn held(wait: Duration) -> Error {
    Error::new(Code::Unavailable)
        .detail("an earlier message to this room is to be sent again first")
        .retry_after(wait)
}

#[cfg(test)]
mod tests {
    use tidings_protocol::MessageId;

    use super::*;

    fn to(user: &str) -> Target {
        Target::Direct(UserId::new(user).unwrap())
    }

    fn room(id: &str) -> Target {
        Target::Room(RoomId::new(id).unwrap())
    }

    /// An entry of the session's that went to `target`, and stands in `room`.
    fn wrote(gate: &Gate, target: &Target, room: &str) {
        let appended = Appended {
            room_id: RoomId::new(room).unwrap(),
            message_id: MessageId::new("m").unwrap(),
            seq: Some(1),
            duplicate: false,
            entry: None,
            inbox: Vec::new(),
        };
        gate.learn(target, &appended);
    }

    #[test]
    fn a_direct_room_is_held_by_either_of_its_names_and_no_other_room_is() {
        for (closed, held, open) in [
            (to("bob"), [to("bob"), room("direct:1")], [to("cat"), room("general"), room("direct:2")]),
            (
                room("direct:1"),
                [room("direct:1"), to("bob")],
                [to("cat"), room("direct:2"), room("direct:9")],
            ),
            (room("general"), [room("general"), room("general")], [to("bob"), room("direct:1"), to("dan")]),
        ] {
            for by in [By::Rate, By::Store] {
                let gate = Gate::default();
                wrote(&gate, &to("bob"), "direct:1");
                wrote(&gate, &to("cat"), "direct:2");
                gate.close(&closed, Duration::from_secs(5), by);
                assert!(held.iter().all(|target| gate.refusal(target, None).is_some()), "{closed:?}");
                assert!(open.iter().all(|target| gate.refusal(target, None).is_none()), "{closed:?}");
                assert_eq!(gate.wait_in_queue(&held[1], None).is_some(), by == By::Store);
            }
        }
    }

    #[test]
    fn what_names_a_refused_frame_is_held_until_that_one_is_taken() {
        let (gate, general) = (Gate::default(), room("general"));
        let [first, second, third] = ["1", "2", "3"].map(|id| ClientId::new(id).unwrap());
        gate.refused(Some(&first));
        assert!(gate.refusal(&general, Some(&first)).is_some());
        gate.refused(Some(&second));
        assert!(gate.refusal(&general, Some(&second)).is_some(), "it was behind the first");
        assert!(gate.refusal(&general, Some(&third)).is_none());
        assert!(gate.refusal(&general, None).is_none(), "the wait is over");
        gate.taken(Some(&first));
        assert!(gate.refusal(&general, Some(&first)).is_none());
        assert!(gate.refusal(&general, Some(&second)).is_some());
    }

    #[test]
    fn refused_frames_are_remembered_up_to_a_bound() {
        let gate = Gate::default();
        let ids: Vec<ClientId> = (0..=MAX_REFUSED).map(|n| ClientId::new(n.to_string()).unwrap()).collect();
        ids.iter().for_each(|id| gate.refused(Some(id)));
        let general = room("general");
        assert!(gate.refusal(&general, ids.first()).is_none(), "the oldest is forgotten");
        assert!(ids[1..].iter().all(|id| gate.refusal(&general, Some(id)).is_some()));
    }

    #[test]
    fn a_direct_room_of_which_one_name_is_known_is_held_by_whatever_may_be_its_other() {
        let gate = Gate::default();
        gate.close(&to("bob"), Duration::from_secs(5), By::Store);
        wrote(&gate, &to("cat"), "direct:2");
        assert!(gate.refusal(&room("direct:1"), None).is_some(), "it may be bob's");
        assert!(gate.refusal(&room("direct:2"), None).is_none(), "it is cat's");
        wrote(&gate, &to("bob"), "direct:3");
        assert!(
            gate.refusal(&room("direct:1"), None).is_none(),
            "it is not bob's, whose name is known by now"
        );
        assert!(gate.refusal(&room("direct:3"), None).is_some());
    }
}
