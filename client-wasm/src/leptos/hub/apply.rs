//! What the client says, as changes of the signals.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_client_core::RoomState;
use tidings_client_core::{Event, State};
use tidings_protocol::data::{PrivateDelivery, TypingIndicator, UserInRoom};
use tidings_protocol::entity::{Message, Notification};
use tidings_protocol::{Code, Event as ServerEvent, RoomId, ServerFrame};

use super::{Crowd, Hub, Incoming, Notice, RoomView, now};
use crate::leptos::place::Place;
use crate::leptos::use_connection::Link;

/// A message older than this is caught up with, not announced, in milliseconds.
const LIVE_MS: i64 = 60_000;

impl Hub {
    pub(super) fn client_event(self: &Rc<Self>, event: &Event) {
        self.count_waiting();
        match event {
            Event::Status(status) => {
                let link = Link::of(status);
                let before = self.link.get_untracked();
                self.link.set(link.after(before));
                if status.state == State::Connected && before.state != State::Connected {
                    self.refresh();
                    self.load_all_again();
                }
            }
            // Notifications are followed from here on: those of before are in the list that is read now.
            Event::Resumed => {
                self.load_inbox();
                if !self.followed.replace(true) {
                    self.join_inbox();
                }
            }
            Event::Frame(frame) => {
                // A frame that this version does not know was counted by the client and says nothing here.
                if let Ok(frame) = serde_json::from_str::<ServerFrame>(frame.text()) {
                    self.server_event(frame.event);
                }
            }
            Event::Sent { id, state } => self.sent(id, state),
            Event::Room { room, state } => self.room_state(room, *state),
            Event::Gap(gap) => self.gap(gap.room.as_deref()),
            Event::Disconnected { .. } | Event::MaxReconnectAttemptsReached | Event::Malformed(_) => {}
        }
    }

    fn count_waiting(&self) {
        let waiting = self.client.queued();
        if self.waiting.get_untracked() != waiting {
            self.waiting.set(waiting);
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the rest is between the client and the server")]
    fn server_event(self: &Rc<Self>, event: ServerEvent) {
        match event {
            ServerEvent::ChatMessage(message) => {
                if self.place_of(&message.room_id).is_none() {
                    // In a room that was just entered: its row comes with the list.
                    self.rooms_changed();
                    self.refresh();
                }
                self.message(&self.place_in(&message.room_id), &message);
            }
            ServerEvent::PrivateMessage(PrivateDelivery { message, recipient_id, .. }) => {
                let is_new = self.place_of(&message.room_id).is_none();
                let direct =
                    |rooms: &mut super::Rooms| rooms.direct_message(&message, &recipient_id, &self.me);
                if is_new {
                    self.rooms_changed();
                }
                if let Some(place) = self.rooms.try_update(direct) {
                    self.message(&place, &message);
                }
            }
            ServerEvent::Edited(change) => {
                self.in_view(&change.room_id, change.seq, |view| view.timeline.update(|t| t.edited(&change)));
                self.rooms
                    .update(|rooms| rooms.rewritten(&change.room_id, &change.message_id, &change.content));
            }
            ServerEvent::Deleted(change) => {
                self.in_view(&change.room_id, change.seq, |view| {
                    view.timeline.update(|t| t.deleted(&change))
                });
                self.rooms.update(|rooms| rooms.rewritten(&change.room_id, &change.message_id, ""));
            }
            ServerEvent::Reaction(change) => {
                self.in_view(&change.room_id, change.seq, |view| {
                    view.timeline.update(|t| t.reacted(&change))
                });
            }
            ServerEvent::Read(moved) => {
                let Some(place) = self.place_of(&moved.room_id) else { return };
                if moved.user_id == self.me {
                    self.rooms.update(|rooms| rooms.read(&place, moved.seq));
                } else {
                    self.rooms.update(|rooms| rooms.peer_markers(&place, 0, moved.seq));
                    self.crowd(&place).update(|crowd| crowd.marker(&moved.user_id, 0, moved.seq));
                }
            }
            ServerEvent::Delivered(delivered) => {
                let place = Place::Direct(delivered.recipient_id.clone());
                if let Some(view) = self.kept(&place)
                    && let Some(seq) = view.timeline.with_untracked(|t| t.by_id(&delivered.message_id)?.seq)
                {
                    self.rooms.update(|rooms| rooms.peer_markers(&place, seq, 0));
                }
            }
            ServerEvent::Typing(typing) => self.typing(&typing),
            ServerEvent::RoomParticipants(answer) => {
                self.people.update(|people| answer.people.iter().for_each(|person| people.person(person)));
                let place = self.place_in(&answer.room_id);
                let crowd = self.crowd(&place);
                crowd.update(|crowd| crowd.joined(&answer));
                // Who left while there was no connection is not told any more.
                if crowd.with_untracked(Crowd::is_followed) {
                    self.members_changed(&place);
                }
            }
            ServerEvent::RoomCount(count) => {
                self.crowd(&self.place_in(&count.room_id)).update(|crowd| crowd.count = count.count);
            }
            ServerEvent::UserJoined(user) => {
                self.presence_in_room(&user, true, false);
                self.user_joined(&user);
            }
            ServerEvent::UserLeft(user) => {
                self.presence_in_room(&user, false, false);
                self.user_left(&user);
            }
            ServerEvent::UserDisconnected(user) => self.presence_in_room(&user, false, true),
            ServerEvent::Presence(presence) => self.people.update(|people| people.presence(&presence)),
            ServerEvent::Membership(change) if change.member => match change.room {
                Some(room) => {
                    let after = room.head_seq;
                    self.rooms_changed();
                    self.rooms.update(|rooms| rooms.upsert(room));
                    self.enter(&change.room_id, Some(after));
                }
                None => self.refresh(),
            },
            ServerEvent::Membership(change) => self.left(&change.room_id),
            ServerEvent::Notification(one) => self.notification(one.item),
            ServerEvent::Broadcast(one) => self.tell(Notice::Broadcast(one.item)),
            ServerEvent::NotificationState(state) => self.inbox.update(|inbox| inbox.apply(state.item)),
            ServerEvent::NotificationReset(_) => self.load_inbox(),
            ServerEvent::RoomUpdated(change) => {
                self.rooms_changed();
                self.rooms.update(|rooms| rooms.updated(&change.room));
            }
            _ => {}
        }
    }

    fn message(self: &Rc<Self>, place: &Place, message: &Message) {
        let mine = message.sender_id == self.me;
        self.rooms.update(|rooms| rooms.message(place, message, &self.me));
        if let Some(name) = &message.sender_name {
            self.people.update(|people| people.named(&message.sender_id, name));
        }
        let sender = self.people.with_untracked(|people| people.name(&message.sender_id));
        if let Some(view) = self.kept(place) {
            view.typers.update(|typers| typers.gone(&message.sender_id));
            let new = view.timeline.try_update(|timeline| timeline.receive(message)).unwrap_or(false);
            if new && !mine {
                view.arrivals.update(|arrivals| {
                    arrivals.theirs += 1;
                    arrivals.last = Some((sender.clone(), message.content.clone()));
                });
            }
        }
        if !mine && !message.deleted && now() - message.timestamp.as_millis() < LIVE_MS {
            let row = self.rooms.with_untracked(|rooms| rooms.get(place));
            let room = row.map_or_else(|| message.room_id.to_string(), |row| row.name.clone());
            let incoming = Incoming { place: place.clone(), room, sender, content: message.content.clone() };
            self.incoming.set(Some(incoming));
        }
    }

    fn notification(&self, one: Notification) {
        let is_new = self.inbox.try_update(|inbox| inbox.arrived(one.clone())).unwrap_or(false);
        // What waited for the first connection of this page stands in the list, and is no news.
        if is_new && self.inbox.with_untracked(super::Inbox::loaded) {
            self.tell(Notice::Notification(Box::new(one)));
        }
    }

    fn typing(&self, typing: &TypingIndicator) {
        if typing.user_id == self.me {
            return;
        }
        self.in_view(&typing.room_id, 0, |view| {
            view.typers.update(|typers| typers.told(&typing.user_id, typing.is_typing, now()));
        });
    }

    fn presence_in_room(&self, user: &UserInRoom, came: bool, lost: bool) {
        self.people.update(|people| {
            people.named(&user.user_id, &user.name);
            if came || lost {
                people.here(&user.user_id, came);
            }
        });
        let place = self.place_in(&user.room_id);
        let crowd = self.crowd(&place);
        crowd.update(|crowd| if came { crowd.came(&user.user_id) } else { crowd.went(&user.user_id) });
        if !came && let Some(view) = self.kept(&place) {
            view.typers.update(|typers| typers.gone(&user.user_id));
        }
    }

    fn room_state(self: &Rc<Self>, room: &RoomId, state: RoomState) {
        match state {
            RoomState::Joined => {
                if self.place_of(room).is_none() {
                    self.refresh();
                }
            }
            RoomState::Left => self.left(room),
            RoomState::Refused(code) => {
                self.joined.borrow_mut().remove(room);
                // A list that was read before the user was put out may come after word of that.
                let is_ours = |place: &Place| self.has_unsent(place);
                let is_out = matches!(code, Code::NotAMember | Code::Forbidden | Code::NotFound);
                if is_out && !self.place_of(room).as_ref().is_some_and(is_ours) {
                    self.left(room);
                }
                // Who was put out, or has left on another device, is shown that, and asked for nothing here.
                if code != Code::NotAMember {
                    self.tell(Notice::Error(format!("{room}: {}", code.sentence())));
                }
            }
        }
    }

    pub(in crate::leptos) fn left(&self, room: &RoomId) {
        self.joined.borrow_mut().remove(room);
        self.rooms_changed();
        // Its row may have gone before, with a list.
        let place = self.place_in(room);
        self.rooms.update(|rooms| rooms.remove(&place));
        self.views.borrow_mut().retain(|view| view.place != place);
        self.crowds.borrow_mut().remove(&place);
    }

    /// Entries will not come: what is shown is read anew.
    fn gap(self: &Rc<Self>, room: Option<&str>) {
        self.refresh();
        let views: Vec<Rc<RoomView>> = self.views.borrow().clone();
        for view in views {
            let hit = match (&view.place, room) {
                (Place::Room(id), Some(room)) => id.as_str() == room,
                (Place::Direct(_), None) => true,
                (Place::Direct(_), Some(room)) => {
                    self.room_id(&view.place).is_some_and(|id| id.as_str() == room)
                }
                (Place::Room(_), None) => false,
            };
            if !hit {
                continue;
            }
            if view.busy.with_untracked(|busy| busy.window) {
                // What is on its way may have been read before those entries.
                view.again.set(true);
            } else if view.timeline.with_untracked(super::Timeline::loaded) {
                self.load_latest(&view);
            }
        }
    }

    fn place_of(&self, room: &RoomId) -> Option<Place> {
        self.rooms.with_untracked(|rooms| rooms.place_of(room))
    }

    /// The place that a room is that was joined; its row may still be on its way.
    pub(super) fn place_in(&self, room: &RoomId) -> Place {
        self.place_of(room).unwrap_or_else(|| Place::Room(room.clone()))
    }

    /// Acts on an open room; an entry's position moves its head.
    fn in_view(&self, room: &RoomId, seq: u64, act: impl FnOnce(&RoomView)) {
        if seq > 0 {
            self.rooms.update(|rooms| rooms.head(room, seq));
        }
        if let Some(view) = self.kept(&self.place_in(room)) {
            act(&view);
        }
    }
}
