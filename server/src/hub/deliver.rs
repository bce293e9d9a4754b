//! The hand-over of one encoded frame to all sessions that it concerns.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{CloseCode, RoomId, UserId};

use super::{Hub, Registration};
use crate::broker::{Except, Payload, Publication, Topic};
use crate::frames;
use crate::outbox::{Head, Item, Outbox, Run, Slot};

/// For one batch of publications: how many sessions may be written to at once, and what was written.
#[derive(Debug, Default)]
pub struct AtOnce {
    sessions: usize,
    written: Vec<(&'static str, u64)>,
}

impl AtOnce {
    /// Up to so many sessions are written to; the default is none.
    #[must_use]
    pub const fn up_to(sessions: usize) -> Self {
        Self { sessions, written: Vec::new() }
    }

    /// Frames that were written, by type.
    #[must_use]
    pub fn written(&self) -> &[(&'static str, u64)] {
        &self.written
    }

    /// Whether all sessions of a room may be written to.
    fn may(&mut self, sessions: usize) -> bool {
        let may = sessions <= self.sessions;
        if may {
            self.sessions -= sessions;
        }
        may
    }

    fn count(&mut self, run: &Run, taken: &[u64]) {
        let mut sessions: u64 = taken.iter().sum();
        for (frame, ended) in run.frames().iter().zip(taken) {
            sessions -= ended;
            if sessions == 0 {
                break;
            }
            let kind = frames::kind_of(frame);
            match self.written.iter_mut().find(|(other, _)| *other == kind) {
                Some((_, count)) => *count += sessions,
                None => self.written.push((kind, sessions)),
            }
        }
    }
}

impl Hub {
    /// The room's log is known to reach as far as `head`, and what lies between is not handed over: each session that
    /// stands before it reads on.
    pub fn tell_room_head(&self, room: &RoomId, head: u64) {
        let Some(subscribers) = self.room(room) else { return };
        let mut subscribers = subscribers.lock();
        if head == 0 || subscribers.last_seq.is_some_and(|last| head <= last) {
            return;
        }
        subscribers.last_seq = Some(head);
        for (outbox, slot) in &subscribers.sessions {
            outbox.push(Item::Head(Head::Room(*slot, head)));
        }
    }

    /// The user's logs are known to reach as far as this.
    pub fn tell_user_heads(&self, user: &UserId, inbox: u64, own: u64, broadcast: u64) {
        let users = self.users.read();
        for session in users.get(user).into_iter().flatten() {
            if session.inbox {
                session.outbox.push(Item::Head(Head::Inbox(inbox)));
            }
            if session.notices {
                session.outbox.push(Item::Head(Head::Notices { own, broadcast }));
            }
        }
    }

    /// Hands a publication to every session that it concerns. Sessions of a room that sleep with nothing else to write
    /// are written to as far as `at_once` goes; the others are woken and write for themselves.
    pub fn deliver(&self, publication: &Publication, at_once: &mut AtOnce) {
        match (&publication.topic, &publication.payload) {
            (Topic::Room(room), Payload::Entry { seq, frame }) => {
                self.deliver_entries(room, *seq, vec![frame.clone()], at_once);
            }
            (Topic::Room(room), Payload::Signal { frame, droppable, except }) => {
                self.deliver_signal(room, frame, *droppable, except, at_once);
            }
            (Topic::User(user), payload) => self.deliver_to_user(user, payload),
            (Topic::All, payload) => self.deliver_to_all(payload),
            (
                Topic::Room(_),
                Payload::Inbox { .. }
                | Payload::Notice { .. }
                | Payload::NoticeState { .. }
                | Payload::Presence { .. }
                | Payload::Revoked
                | Payload::Recheck
                | Payload::Gossip { .. }
                | Payload::Evict { .. }
                | Payload::Fence { .. },
            ) => {}
        }
    }

    /// Hands over entries of a room, without a hole, from the position `first` on. Otherwise as [`Hub::deliver`].
    pub fn deliver_entries(
        &self,
        room: &RoomId,
        first: u64,
        mut frames: Vec<Utf8Bytes>,
        at_once: &mut AtOnce,
    ) {
        let Some(subscribers) = self.room(room) else { return };
        let mut subscribers = subscribers.lock();
        let next = subscribers.last_seq.map_or(first, |last| first.max(last + 1));
        frames.drain(..frames.len().min(usize::try_from(next - first).unwrap_or(usize::MAX)));
        if frames.is_empty() {
            return;
        }
        subscribers.last_seq = Some(next + frames.len() as u64 - 1);
        let run = Run::entries(next, frames, at_once.may(subscribers.sessions.len()));
        hand(&run, subscribers.sessions.iter(), at_once);
    }

    fn deliver_signal(
        &self,
        room: &RoomId,
        frame: &Utf8Bytes,
        droppable: bool,
        except: &Except,
        at_once: &mut AtOnce,
    ) {
        let Some(subscribers) = self.room(room) else { return };
        let sessions = &subscribers.lock().sessions;
        let run = Run::signal(frame.clone(), droppable, at_once.may(sessions.len()));
        hand(&run, sessions.iter().filter(|(outbox, _)| !excepted(except, outbox)), at_once);
    }

    fn deliver_to_user(&self, user: &UserId, payload: &Payload) {
        let users = self.users.read();
        let Some(sessions) = users.get(user) else { return };
        match payload {
            Payload::Inbox { inbox_seq, room_id, seq, frame, not_to } => {
                for session in sessions.iter().filter(|s| s.inbox) {
                    let silent = not_to.as_ref() == Some(session.outbox.session_id());
                    session.outbox.push(Item::Inbox {
                        inbox_seq: *inbox_seq,
                        room_id: room_id.clone(),
                        seq: *seq,
                        frame: (!silent).then(|| frame.clone()),
                    });
                }
            }
            Payload::Notice { seq, broadcast, json } => {
                let item = Item::Notice { seq: *seq, broadcast: *broadcast, json: json.clone() };
                sessions.iter().filter(|s| s.notices).for_each(|s| s.outbox.push(item.clone()));
            }
            Payload::NoticeState { json } => {
                sessions
                    .iter()
                    .filter(|s| s.notices)
                    .for_each(|s| s.outbox.push(Item::NoticeState(json.clone())));
            }
            Payload::Signal { frame, droppable, except } => {
                for session in sessions.iter().filter(|s| s.inbox && !excepted(except, &s.outbox)) {
                    session.outbox.push(Item::Signal { frame: frame.clone(), droppable: *droppable });
                }
            }
            Payload::Evict { room_id, only } => {
                let meant = |s: &&Registration| s.inbox && (only.is_none() || s.client_session == *only);
                let item = Item::Evict { room_id: room_id.clone(), asked: only.is_some() };
                sessions.iter().filter(meant).for_each(|s| s.outbox.push(item.clone()));
            }
            Payload::Fence { client_session, keep } => {
                for session in sessions {
                    // Session ids are made in the order of time: of two that come together, one stays.
                    if session.client_session.as_ref() == Some(client_session)
                        && session.outbox.session_id() < keep
                    {
                        session.outbox.close(CloseCode::Replaced);
                    }
                }
            }
            Payload::Entry { .. }
            | Payload::Presence { .. }
            | Payload::Revoked
            | Payload::Recheck
            | Payload::Gossip { .. } => {}
        }
    }

    fn deliver_to_all(&self, payload: &Payload) {
        match payload {
            Payload::Notice { seq, broadcast, json } => {
                let item = Item::Notice { seq: *seq, broadcast: *broadcast, json: json.clone() };
                for session in self.users.read().values().flatten().filter(|s| s.notices) {
                    session.outbox.push(item.clone());
                }
            }
            Payload::Presence { frame, about, rooms, users } => {
                let mut told = HashSet::new();
                let mut tell = |outbox: &Outbox| {
                    if outbox.user_id() != about && told.insert(outbox.session_id().clone()) {
                        outbox.push(Item::Signal { frame: frame.clone(), droppable: true });
                    }
                };
                for room in rooms {
                    self.each_in_room(room, &mut tell);
                }
                let known = self.users.read();
                for session in users.iter().filter_map(|u| known.get(u)).flatten().filter(|s| s.inbox) {
                    tell(&session.outbox);
                }
            }
            Payload::Entry { .. }
            | Payload::Inbox { .. }
            | Payload::NoticeState { .. }
            | Payload::Signal { .. }
            | Payload::Revoked
            | Payload::Recheck
            | Payload::Gossip { .. }
            | Payload::Evict { .. }
            | Payload::Fence { .. } => {}
        }
    }
}

fn hand<'a>(run: &Run, sessions: impl Iterator<Item = &'a (Arc<Outbox>, Slot)>, at_once: &mut AtOnce) {
    // How many sessions took how many frames.
    let mut taken = vec![0; run.frames().len() + 1];
    for (outbox, slot) in sessions {
        if let Some(sessions) = taken.get_mut(outbox.hand(*slot, run)) {
            *sessions += 1;
        }
    }
    at_once.count(run, &taken);
}

fn excepted(except: &Except, outbox: &Outbox) -> bool {
    match except {
        Except::Nobody => false,
        Except::User(user) => outbox.user_id() == user,
        Except::Session(session) => outbox.session_id() == session,
    }
}
