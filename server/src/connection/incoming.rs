//! The peer's own frames: read, admitted, done, and each answered once.

use std::collections::VecDeque;

use tidings_protocol::{ClientFrame, ClientId, CloseCode, Code, RoomId};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::session::{Flow, Session};
use crate::command::{self, Answer};
use crate::error::Error;
use crate::frames;
use crate::node::{Outcome, Pending};
use crate::store::Written;

/// A frame whose answer is still to come.
#[derive(Debug)]
pub(super) struct Unanswered {
    id: Option<ClientId>,
    room_id: Option<RoomId>,
    pub(super) pending: Pending,
    since: Instant,
}

impl Session {
    /// Reads one frame of the peer and does what it asks for.
    pub async fn on_text(&mut self, text: &str) -> Flow {
        self.deadlines.heard();
        match ClientFrame::parse(text) {
            Ok(frame) => {
                let (session, kind) = (self.outbox.session_id(), frame.command.type_name());
                let span = tracing::debug_span!("frame", %session, kind);
                Box::pin(self.on_frame(frame).instrument(span)).await
            }
            Err(error) => {
                self.metrics().received("INVALID");
                let (id, room_id) = (error.id.clone(), error.room_id.clone());
                self.refuse(&Error::from(error), id, room_id)
            }
        }
    }

    /// Does what a frame asks for.
    pub async fn on_frame(&mut self, frame: ClientFrame) -> Flow {
        let id = frame.id.clone();
        let room_id = command::room_of(&frame.command).cloned();
        self.metrics().received(frame.command.type_name());
        if let Err(error) = command::admit(&self.rate, &self.gate, &frame) {
            return self.refuse(&error, id, room_id);
        }
        match command::dispatch(self, frame).await {
            Ok(Answer::Sent) => {}
            Ok(Answer::Frame(frame)) => self.send(frame),
            Ok(Answer::Done) => {
                if let Some(id) = id {
                    let frame = frames::done(id, room_id, self.now());
                    self.send(frame);
                }
            }
            Ok(Answer::Later(pending)) => {
                self.unanswered.push_back(Unanswered { id, room_id, pending, since: Instant::now() });
            }
            Err(error) => return self.refuse(&error, id, room_id),
        }
        Flow::Continue
    }

    /// Waits for the answers to all frames that were accepted, so that they can still be written before a close.
    pub async fn settle(&mut self) {
        while let Some(first) = self.unanswered.front_mut() {
            let answer = (&mut first.pending).await;
            let _ = self.on_answer(answer);
        }
    }

    pub(super) fn on_answer(&mut self, answer: Outcome<Written>) -> Flow {
        let Some(Unanswered { id, room_id, since, .. }) = self.unanswered.pop_front() else {
            return Flow::Continue;
        };
        self.services.node.metrics().acknowledged(since.elapsed());
        if self.unanswered.is_empty() {
            self.unanswered = VecDeque::new();
        }
        match (answer, id) {
            (Ok(Written::Appended(appended)), Some(id)) => {
                let frame = frames::appended(id, appended, self.now());
                self.send(frame);
            }
            (Ok(_), Some(id)) => {
                let frame = frames::done(id, room_id, self.now());
                self.send(frame);
            }
            (Ok(_), None) => {}
            (Err(error), id) => return self.refuse(&error, id, room_id),
        }
        Flow::Continue
    }

    pub(super) fn refuse(&mut self, error: &Error, id: Option<ClientId>, room_id: Option<RoomId>) -> Flow {
        self.metrics().error(error.code());
        if error.code() == Code::RateLimited {
            self.services.node.metrics().rate_limited();
        }
        let frame = frames::error(error, id, room_id, self.now());
        self.send(frame);
        if self.strikes.strike() { Flow::Close(CloseCode::RateLimited) } else { Flow::Continue }
    }
}
