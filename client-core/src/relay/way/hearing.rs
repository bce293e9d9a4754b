//! What the stream or poll in use says, and what is answered to posts.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::super::Out;
use super::super::asks::Stage;
use super::{NAMELESS, Way};
use crate::frame::{Frame, Kind};
use crate::input::{Closed, ConnId};
use crate::json::{self, write::Object};
use crate::markers::RETRY_AFTER;
use crate::outbox::code_of;
use crate::time::{Duration, Instant};

impl Way {
    pub(in crate::relay) fn chunk(
        &mut self,
        chunk: &[u8],
        out: &mut Out,
        now: Instant,
    ) -> Result<(), Closed> {
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
        let is_side = self.side.request.take_if(|id| *id == request).is_some();
        let frames = json::field(text, "frames").and_then(json::items);
        // Otherwise something in between answered in the server's place.
        let frames = frames.ok_or(Closed { is_reachable: true, ..Closed::default() })?;
        let is_empty = frames.is_empty();
        for text in frames.into_iter().map(str::to_owned) {
            if is_post {
                self.posted(text, out, now);
            } else if is_side {
                self.beside(text, out);
            } else {
                self.hear(text, out)?;
            }
        }
        if let Some(main) = self.main.take_if(|main| main.request == request) {
            self.finish(out);
            if !self.is_greeted || self.is_last || is_empty && now < main.not_before {
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
        let is_refusal = kind == Kind::Error && frame.fields.id().of(frame.text()).is_empty();
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
        let epoch = frame.owned(frame.fields.epoch());
        if let Some(main) = &mut self.main {
            main.is_settled = true;
        }
        if !self.is_greeted {
            self.is_greeted = true;
            self.epoch = epoch;
            self.tell(frame.into_text(), out);
        } else if self.epoch != epoch {
            // Positions say nothing any more.
            return Err(Closed::default());
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

    /// A room was refused: to those that ask for it, or to all that are in it.
    fn refused(&mut self, frame: &Frame, out: &mut Out) -> Result<(), Closed> {
        let fields = &frame.fields;
        if is_retryable(frame) {
            let retry_after_ms = frame.number_of(fields.retry_after_ms());
            return Err(Closed { retry_after_ms, ..Closed::default() });
        }
        self.refuse(&frame.room_id().unwrap_or_default(), frame.data(), out);
        Ok(())
    }

    /// Tells that a room is refused. A join is done by that.
    pub(super) fn refuse(&mut self, room: &str, refusal: &str, out: &mut Out) {
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
        if !is_told {
            let mut data = Object::new();
            data.text("roomId", room);
            data.flag("member", false);
            self.tell(Object::event("SYSTEM", "MEMBERSHIP", data, ""), out);
        }
    }

    /// A post's answer says something.
    fn posted(&mut self, text: String, out: &mut Out, now: Instant) {
        let Ok(frame) = Frame::read(text) else { return };
        let id = frame.owned(frame.fields.id()).unwrap_or_default();
        let is_ack = frame.kind() == Kind::Ack;
        if let Some(at) = self.asks.iter().position(|ask| ask.id == id) {
            if is_ack {
                // The user is a member; the next stream or poll brings the room's entries.
                self.asks[at].stage = Stage::Due;
                return;
            }
            self.asks.remove(at);
        } else if is_ack && id == NAMELESS {
            return;
        }
        if is_retryable(&frame) {
            let wait = frame.number_of(frame.fields.retry_after_ms());
            self.post.hold(id, now + wait.map_or(RETRY_AFTER, Duration::from_millis));
        }
        self.tell(frame.into_text(), out);
    }

    /// A poll beside the one in use says something. It moves no place along.
    fn beside(&mut self, text: String, out: &mut Out) {
        if let Ok(frame) = Frame::read(text)
            && (matches!(frame.kind(), Kind::RoomParticipants | Kind::NotificationReset)
                || frame.cursor().is_some())
        {
            self.tell(frame.into_text(), out);
        }
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

fn is_retryable(frame: &Frame) -> bool {
    frame.text_of(frame.fields.code()).is_some_and(|code| code_of(&code).is_retryable())
}
