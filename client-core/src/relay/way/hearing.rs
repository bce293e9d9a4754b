//! What the stream or poll in use says, and what is answered to posts.

use alloc::borrow::ToOwned;
use alloc::string::String;

use tidings_protocol::Code;

use super::super::asks::Stage;
use super::super::{Out, again};
use super::{NAMELESS, Way};
use crate::frame::{Frame, Kind};
use crate::input::{Closed, ConnId};
use crate::json::{self, write::Object};
use crate::markers::RETRY_AFTER;
use crate::outbox::code_of;
use crate::time::{Duration, Instant};

impl Way {
    pub(in crate::relay) fn chunk(&mut self, chunk: &str, out: &mut Out, now: Instant) -> Result<(), Closed> {
        if let Some(main) = &mut self.main {
            main.stream.push(chunk);
        }
        let mut is_silent = true;
        while let Some(event) = self.main.as_mut().and_then(|main| main.stream.next_event()) {
            is_silent = false;
            match event.name.as_str() {
                "frame" => self.hear(event.data, out)?,
                // A stream says by its last event why it ends.
                "close" => {
                    let code = json::number_of(&event.data, "code").and_then(|code| u16::try_from(code).ok());
                    return Err(Closed { code, ..Closed::default() });
                }
                _ => {}
            }
        }
        self.heard(is_silent, out, now);
        self.go_on(out, now)
    }

    pub(in crate::relay) fn answered(
        &mut self,
        request: ConnId,
        text: &str,
        out: &mut Out,
        now: Instant,
    ) -> Result<(), Closed> {
        let is_post = self.post.request.take_if(|id| *id == request).is_some();
        let is_side = self.side.answered(request);
        let frames = json::field(text, "frames").and_then(json::items);
        // Otherwise something in between answered in the server's place.
        let frames = frames.ok_or(Closed { is_reachable: true, ..Closed::default() })?;
        let is_empty = frames.is_empty();
        let mut last = None;
        for &text in &frames {
            let text = text.to_owned();
            if is_post {
                self.posted(text, out, now);
            } else if is_side {
                last = self.beside(text, out).or(last);
            } else {
                self.hear(text, out)?;
            }
        }
        // An answer has an end before all that lies behind a position.
        self.side.cursors.extend(last);
        if let Some(main) = self.main.take_if(|main| main.request == request) {
            self.finish(out);
            if self.is_last {
                return Err(again(None));
            }
            if !self.is_greeted || is_empty && now < main.not_before {
                return Err(Closed::default());
            }
            self.heard(is_empty, out, now);
        }
        self.go_on(out, now)
    }

    /// The stream or poll in use says something.
    fn hear(&mut self, text: String, out: &mut Out) -> Result<(), Closed> {
        let frame = match Frame::read(text) {
            Ok(frame) => frame,
            Err(text) => {
                self.tell(text, out);
                return Ok(());
            }
        };
        let kind = frame.kind();
        let is_refusal = kind == Kind::Error && frame.fields().id().of(frame.text()).is_empty();
        if kind == Kind::ConnectionEstablished {
            self.greeted(frame, out)?;
        } else if kind == Kind::RoomParticipants || is_refusal && frame.room_id().is_some() {
            if is_refusal {
                self.refused(&frame, out)?;
            } else {
                self.entered(frame, out);
            }
            if let Some(main) = &mut self.main {
                main.awaited = main.awaited.saturating_sub(1);
            }
        } else {
            // All rooms are answered for before anything else comes.
            self.finish(out);
            self.places.pass(&frame);
            self.is_last |= kind == Kind::GoingAway && self.is_poll();
            self.tell(frame.into_text(), out);
        }
        if self.main.as_ref().is_some_and(|main| main.is_settled && main.awaited == 0) {
            self.finish(out);
        }
        Ok(())
    }

    fn greeted(&mut self, frame: Frame, out: &mut Out) -> Result<(), Closed> {
        let epoch = frame.owned(frame.fields().epoch());
        if let Some(main) = &mut self.main {
            main.is_settled = true;
        }
        if !self.is_greeted {
            self.is_greeted = true;
            self.epoch = epoch;
            self.tell(frame.into_text(), out);
        } else if self.epoch != epoch {
            // Positions say nothing any more.
            return Err(again(None));
        }
        Ok(())
    }

    /// A room was answered for: told once for each that asks for it, or to all that are in it, unless somebody asks for it
    /// still and would take this for the answer.
    fn entered(&mut self, frame: Frame, out: &mut Out) {
        self.places.pass(&frame);
        let room = frame.room_id().unwrap_or_default();
        let mut is_asked = false;
        for ask in self.asks.iter().filter(|ask| ask.names(&room)) {
            is_asked = true;
            if ask.stage == Stage::Open {
                self.tell(frame.text().into(), out);
            }
        }
        if !is_asked {
            self.tell(frame.text().into(), out);
        }
    }

    /// A room was refused: to those that ask for it, or to all that are in it. Where nobody asks, only what says that the
    /// user is not in it puts them out; after anything else each asks anew, and hears what there is.
    fn refused(&mut self, frame: &Frame, out: &mut Out) -> Result<(), Closed> {
        let room = frame.room_id().unwrap_or_default();
        let code = code_in(frame);
        if code.is_retryable() || !self.refuse(&room, code, frame.data(), out) {
            return Err(again(frame.number_of(frame.fields().retry_after_ms())));
        }
        Ok(())
    }

    /// Tells that a room is refused; false where there is nobody to be told. A join is done by that.
    pub(super) fn refuse(&mut self, room: &str, code: Code, refusal: &str, out: &mut Out) -> bool {
        self.places.leave(room);
        let mut is_told = false;
        let mut at = 0;
        while let Some(ask) = self.asks.get(at) {
            at += 1;
            if ask.stage == Stage::Open && ask.names(room) {
                is_told = true;
                let mut data = Object::reopen(refusal);
                if ask.is_join {
                    data.text("id", &ask.id);
                    at -= 1;
                    self.asks.remove(at);
                }
                self.tell(Object::event("ERROR", "MESSAGE", data, ""), out);
            }
        }
        if !is_told && matches!(code, Code::NotAMember | Code::Forbidden | Code::NotFound) {
            is_told = true;
            let mut data = Object::new();
            data.text("roomId", room);
            data.flag("member", false);
            self.tell(Object::event("SYSTEM", "MEMBERSHIP", data, ""), out);
        }
        is_told
    }

    /// A post's answer says something.
    fn posted(&mut self, text: String, out: &mut Out, now: Instant) {
        let Ok(frame) = Frame::read(text) else { return };
        let id = frame.owned(frame.fields().id()).unwrap_or_default();
        if let Some(at) = self.asks.iter().position(|ask| ask.id == id) {
            if frame.kind() == Kind::Ack {
                // The user is a member; the next stream or poll brings the room's entries.
                self.asks[at].stage = Stage::Due;
                return;
            }
            self.asks.remove(at);
        } else if id == NAMELESS {
            // Whoever asks for a room would take a refusal for the answer.
            return;
        }
        if self.post.entries.let_go(&id) && code_in(&frame).is_retryable() {
            let wait = frame.number_of(frame.fields().retry_after_ms());
            self.post.hold(id, now + wait.map_or(RETRY_AFTER, Duration::from_millis));
        }
        self.tell(frame.into_text(), out);
    }

    /// A poll beside the one in use says something. It moves no place along; the cursor that it has come to.
    fn beside(&self, text: String, out: &mut Out) -> Option<String> {
        let frame = Frame::read(text).ok()?;
        let cursor = frame.owned(frame.fields().cursor());
        if matches!(frame.kind(), Kind::RoomParticipants | Kind::NotificationReset) || cursor.is_some() {
            self.tell(frame.into_text(), out);
        }
        cursor
    }

    /// What was waited for has come.
    fn finish(&mut self, out: &mut Out) {
        while let Some(at) = self.position(Stage::Open) {
            let ask = self.asks.remove(at);
            ask.answer(&mut |text| self.tell(text, out));
            self.side.cursors.extend(ask.cursor);
        }
    }

    /// The stream or poll has said something. Who asks whether it lives may have heard nothing of it.
    fn heard(&mut self, is_silent: bool, out: &mut Out, now: Instant) {
        self.heard_at = now;
        self.doubted_at = None;
        if self.is_greeted && (is_silent || self.is_pinged) {
            self.lives(out);
        }
    }

    pub(super) fn lives(&mut self, out: &mut Out) {
        self.is_pinged = false;
        self.tell(Object::event("SYSTEM", "PONG", Object::new(), ""), out);
    }
}

fn code_in(frame: &Frame) -> Code {
    code_of(&frame.text_of(frame.fields().code()).unwrap_or_default())
}
