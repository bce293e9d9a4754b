//! One room: its messages, its people, and what can be done in it.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_protocol::{ClientId, MessageId};

use super::crowd::Crowd;
use super::hub::{Arrivals, Busy, Hub, RoomView, now};
use super::paging::PageError;
use super::place::Place;
use super::timeline::Timeline;
use super::typers::Typers;
use super::use_tidings::use_tidings;

/// What [`use_room`] gives.
#[derive(Clone, Copy)]
pub struct UseRoom {
    /// The messages. Show them with `<For key=…>` by [`ChatItem::key`](super::ChatItem::key), so that a row survives
    /// its confirmation.
    pub timeline: ReadSignal<Timeline>,
    /// Members, participants and markers.
    pub crowd: ReadSignal<Crowd>,
    /// Who types. Call [`UseRoom::expire_typers`] while anybody does.
    pub typers: ReadSignal<Typers>,
    /// What arrived since the room was first opened.
    pub arrivals: ReadSignal<Arrivals>,
    /// What is being fetched.
    pub busy: ReadSignal<Busy>,
    /// The page that did not come the last time; the window is as it was.
    pub error: ReadSignal<Option<PageError>>,
    /// Where the reader had stopped when the visit began; none where all was read.
    pub unread_after: ReadSignal<Option<u64>>,
    shared: StoredValue<(Rc<Hub>, Rc<RoomView>), LocalStorage>,
}

/// A room or conversation: its newest messages are fetched, unless they are kept from the last time.
#[must_use]
pub fn use_room(place: &Place) -> UseRoom {
    let hub = use_tidings().hub();
    let view = hub.view(place);
    if !view.timeline.with_untracked(Timeline::loaded) {
        hub.load_latest(&view);
    }
    UseRoom {
        timeline: view.timeline.read_only().into(),
        crowd: view.crowd.read_only().into(),
        typers: view.typers.read_only().into(),
        arrivals: view.arrivals.read_only().into(),
        busy: view.busy.read_only().into(),
        error: view.error.read_only().into(),
        unread_after: view.unread_after.read_only().into(),
        shared: StoredValue::new_local((hub, view)),
    }
}

impl UseRoom {
    /// A visit begins: what is unread now is divided from the rest as long as it lasts, and the window is put on the end.
    pub fn begin_visit(&self) {
        self.with(|hub, view| {
            let row = hub.rooms.with_untracked(|rooms| rooms.get(&view.place));
            view.unread_after.set(row.filter(|row| row.unread > 0).map(|row| row.read_seq));
            if view.timeline.with_untracked(Timeline::has_newer) {
                hub.load_latest(view);
            }
        });
    }

    /// Sends a message; it is shown at once.
    pub fn send(&self, content: String, reply_to: Option<MessageId>) {
        self.with(|hub, view| hub.send(view, content, reply_to));
    }

    /// Sends a refused message again, under the same id.
    pub fn retry(&self, id: &ClientId) {
        self.with(|hub, _| hub.client.retry(id));
    }

    /// Drops a refused message.
    pub fn cancel(&self, id: &ClientId) {
        self.with(|hub, _| hub.cancel(id));
    }

    /// Replaces the text of one's own message.
    pub fn edit(&self, message: &MessageId, content: &str) {
        self.with(|hub, view| hub.edit(view, message, content));
    }

    /// Deletes one's own message.
    pub fn delete(&self, message: &MessageId) {
        self.with(|hub, view| hub.delete(view, message));
    }

    /// Sets one's own reaction, or unsets it.
    pub fn react(&self, message: &MessageId, emoji: &str, remove: bool) {
        self.with(|hub, view| hub.react(view, message, emoji, remove));
    }

    /// Fetches the page above, if there is one and it is not on its way.
    pub fn load_older(&self) {
        self.with(Hub::load_older);
    }

    /// Fetches the page below, if there is one and it is not on its way.
    pub fn load_newer(&self) {
        self.with(Hub::load_newer);
    }

    /// Puts the window on the end of the log.
    pub fn load_latest(&self) {
        self.with(Hub::load_latest);
    }

    /// Puts the window where a position is.
    pub fn load_around(&self, seq: u64) {
        self.with(|hub, view| hub.load_around(view, seq));
    }

    /// Fetches the page again that did not come.
    pub fn load_again(&self) {
        self.with(Hub::load_again);
    }

    /// Fetches who the members are.
    pub fn load_members(&self) {
        self.with(Hub::load_members);
    }

    /// Moves the user's marker to a position, here and on the server.
    pub fn mark_read(&self, seq: u64) {
        self.with(|hub, view| {
            hub.rooms.update(|rooms| rooms.read(&view.place, seq));
            if let Some(room) = hub.room_id(&view.place) {
                hub.client.read(&room, seq);
            }
        });
    }

    /// Takes the unread divider away.
    pub fn forget_unread(&self) {
        self.with(|_, view| view.unread_after.set(None));
    }

    /// Says that the user types, or has stopped. While the user types, say so at least every 3 s.
    pub fn typing(&self, is_typing: bool) {
        self.with(|hub, view| {
            if let Some(room) = hub.room_id(&view.place) {
                hub.client.typing(&room, is_typing);
            }
        });
    }

    /// Drops who has stopped typing.
    pub fn expire_typers(&self) {
        self.with(|_, view| {
            view.typers.maybe_update(|typers| typers.expire(now()));
        });
    }

    fn with(&self, act: impl FnOnce(&Rc<Hub>, &Rc<RoomView>)) {
        let (hub, view) = self.shared.get_value();
        act(&hub, &view);
    }
}
