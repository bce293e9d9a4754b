//! What one client wanted and was shown, held against its own rules at once and against the log at the end.

use std::collections::BTreeMap;

use serde_json::Value;
use tidings_client_core::{Event, Frame, GapReason, Kind, RoomState, SendState, State};

use super::trace::Trace;

/// A log as the app sees it.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Where it stands; `None` before it has a place.
    pub(super) last: Option<u64>,
    /// What was shown: position, id of the frame that made it, text.
    pub(super) shown: Vec<(u64, String, String)>,
}

/// A message that the app has sent.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) content: String,
}

pub(super) struct Seen {
    name: String,
    trace: Trace,
    pub(super) state: Option<State>,
    pub(super) queued: usize,
    pub(super) rooms: BTreeMap<String, View>,
    pub(super) inbox: View,
    pub(super) wanted: Vec<Wanted>,
    /// Room and position by the id of what was sent.
    pub(super) acked: BTreeMap<String, (String, u64)>,
}

impl Seen {
    pub(super) fn new(name: String, trace: Trace) -> Self {
        Self {
            name,
            trace,
            state: None,
            queued: 0,
            rooms: BTreeMap::new(),
            inbox: View::default(),
            wanted: Vec::new(),
            acked: BTreeMap::new(),
        }
    }

    pub(super) fn wants(&mut self, id: &str, lane: &str, content: String) {
        self.say(&format!("sends {id} to {lane}"));
        self.wanted.push(Wanted { id: id.to_owned(), content });
    }

    fn say(&self, line: &str) {
        self.trace.say(format_args!("{} {line}", self.name));
    }

    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Frame(frame) if frame.kind().is_entry() => self.see(&frame),
            Event::Frame(frame) if frame.kind() == Kind::RoomParticipants => {
                let data: Value = serde_json::from_str(frame.data()).unwrap();
                let room = frame.room_id().unwrap().into_owned();
                let base = data["replayFrom"].as_u64().unwrap() - 1;
                self.say(&format!("is in {room} behind {base}"));
                self.rooms.entry(room).or_default().last.get_or_insert(base);
            }
            Event::Frame(frame) if frame.kind() == Kind::ConnectionEstablished => {
                let data: Value = serde_json::from_str(frame.data()).unwrap();
                let at = data["inboxSeq"].as_u64().unwrap();
                self.say(&format!("is greeted, inbox at {at}"));
                self.inbox.last.get_or_insert(at);
            }
            Event::Frame(frame) => self.say(&format!("hears {}/{}", frame.category(), frame.name())),
            Event::Status(status) => {
                if self.state != Some(status.state) {
                    self.say(&format!("is {:?}", status.state));
                }
                assert_ne!(status.state, State::Closed, "{} is closed by {:?}", self.name, status.closed_by);
                self.state = Some(status.state);
            }
            Event::Disconnected { code, reason } => self.say(&format!("is cut off: {code:?} {reason}")),
            Event::Gap(gap) => {
                self.say(&format!("{gap:?}"));
                assert_ne!(gap.reason, GapReason::Lost, "{}: a resume brings what was missing", self.name);
                let view = match &gap.room {
                    Some(room) => self.rooms.entry(room.clone()).or_default(),
                    None => &mut self.inbox,
                };
                assert!(view.last.is_none_or(|last| last + 1 == gap.from), "{}: {gap:?}", self.name);
                view.last = Some(gap.to);
            }
            Event::Sent { id, state } => self.sent(id.as_str(), state),
            Event::Room { room, state } => {
                self.say(&format!("{room}: {state:?}"));
                assert!(!matches!(state, RoomState::Refused(_)), "{}: {room} {state:?}", self.name);
            }
            Event::Resumed => {}
            Event::MaxReconnectAttemptsReached | Event::Malformed(_) => panic!("{}: {event:?}", self.name),
        }
    }

    fn sent(&mut self, id: &str, state: SendState) {
        match &state {
            SendState::Queued | SendState::InFlight => {}
            SendState::Acked { room: Some(room), seq: Some(seq), .. } => {
                self.say(&format!("has {id} acknowledged as {room} {seq}"));
                assert!(
                    self.acked.insert(id.to_owned(), (room.clone(), *seq)).is_none(),
                    "{id}: acknowledged once"
                );
            }
            SendState::Acked { .. }
            | SendState::Failed(_)
            | SendState::Refused(_)
            | SendState::Cancelled
            | SendState::TakenOver => panic!("{}: {id} {state:?}", self.name),
        }
    }

    /// An entry is shown: the next one of its log.
    fn see(&mut self, frame: &Frame) {
        let (room, seq) = (frame.room_id().unwrap().into_owned(), frame.seq().unwrap());
        let data: Value = serde_json::from_str(frame.data()).unwrap();
        let id = data["clientId"].as_str().unwrap_or_default().to_owned();
        let content = data["content"].as_str().unwrap().to_owned();
        let (name, position) = match frame.inbox_seq() {
            Some(position) => ("the inbox".to_owned(), position),
            None => (room, seq),
        };
        self.say(&format!("sees {name} {position}: {id}"));
        let view = match frame.inbox_seq() {
            Some(_) => &mut self.inbox,
            None => self.rooms.entry(name.clone()).or_default(),
        };
        if let Some(last) = view.last {
            assert_eq!(position, last + 1, "{}: {name} in order, once, without a hole", self.name);
        }
        view.last = Some(position);
        view.shown.push((position, id, content));
    }
}
