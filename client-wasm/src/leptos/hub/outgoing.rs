//! What this client has sent, from the outbox to the log: shown at once, confirmed later, undone where refused.

use std::rc::Rc;
use std::sync::Arc;

use ::leptos::prelude::*;
use tidings_client_core::SendState;
use tidings_protocol::command::Recipient;
use tidings_protocol::{ClientId, Code, MessageId, RoomId};

use super::{Hub, Notice, RoomView, now};
use crate::leptos::item::{ChatItem, Delivery};
use crate::leptos::place::Place;

/// What an entry of the outbox is to the state.
pub(super) enum Outgoing {
    /// A message, shown in its place.
    Message(Place),
    /// A change that was made to a message before the server has agreed, and what the message was.
    Change { place: Place, message: MessageId, before: Arc<ChatItem> },
}

/// What is shown of a message in the outbox. The whole of a client frame's types would cost the page forty kilobytes for
/// these few fields.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredMessage {
    #[serde(rename = "type")]
    kind: String,
    content: String,
    room_id: Option<RoomId>,
    reply_to: Option<MessageId>,
    data: Option<Recipient>,
}

impl Hub {
    /// Sends a message and shows it.
    pub(in crate::leptos) fn send(
        self: &Rc<Self>,
        view: &RoomView,
        content: String,
        reply_to: Option<MessageId>,
    ) {
        let id = match &view.place {
            Place::Room(room) => self.client.send(room, content.clone(), reply_to.clone()),
            Place::Direct(user) => {
                let name = self.people.with_untracked(|people| people.name(user));
                self.rooms.update(|rooms| rooms.begin_direct(user, &name));
                self.client.send_private(user, content.clone(), reply_to.clone())
            }
        };
        view.timeline.update(|t| t.queue(ChatItem::queued(id.clone(), &self.me, content, reply_to, now())));
        view.arrivals.update(|arrivals| arrivals.mine += 1);
        self.track(id, Outgoing::Message(view.place.clone()));
    }

    /// Shows the messages that an earlier page load, or another page, has left in the outbox.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "only messages have a place in the list before they are sent"
    )]
    pub(super) fn restore(self: &Rc<Self>) {
        for stored in self.client.outbox() {
            if self.outgoing.borrow().contains_key(&stored.id) {
                continue;
            }
            // An entry that is no message, or one of a later version, is sent all the same, and not shown before.
            let Ok(frame) = serde_json::from_str::<StoredMessage>(&stored.frame) else { continue };
            let place = match (frame.kind.as_str(), frame.room_id, frame.data) {
                ("CHAT_MESSAGE", Some(room), _) => Place::Room(room),
                ("PRIVATE_MESSAGE", _, Some(Recipient { recipient_id })) => Place::Direct(recipient_id),
                _ => continue,
            };
            let (content, reply_to) = (frame.content, frame.reply_to);
            let view = self.view(&place);
            let mut item = ChatItem::queued(stored.id.clone(), &self.me, content, reply_to, now());
            if let Some(code) = stored.failed {
                let code = serde_json::from_value::<Code>(code.into());
                item.delivery = Delivery::Failed(code.map_or("", Code::sentence).to_owned());
            }
            view.timeline.update(|timeline| timeline.queue(item));
            self.outgoing.borrow_mut().insert(stored.id, Outgoing::Message(place));
        }
    }

    /// Replaces the text of one's own message.
    pub(in crate::leptos) fn edit(self: &Rc<Self>, view: &RoomView, message: &MessageId, content: &str) {
        let Some(room) = self.room_id(&view.place) else { return };
        self.change(
            view,
            message,
            |item| {
                content.clone_into(&mut item.content);
                item.edited = true;
            },
            |client| client.edit(&room, message, content),
        );
    }

    /// Deletes one's own message.
    pub(in crate::leptos) fn delete(self: &Rc<Self>, view: &RoomView, message: &MessageId) {
        let Some(room) = self.room_id(&view.place) else { return };
        let wipe = |item: &mut ChatItem| {
            item.content.clear();
            item.deleted = true;
            item.reactions.clear();
        };
        self.change(view, message, wipe, |client| client.delete(&room, message));
    }

    /// Sets or unsets one's own reaction.
    pub(in crate::leptos) fn react(
        self: &Rc<Self>,
        view: &RoomView,
        message: &MessageId,
        emoji: &str,
        remove: bool,
    ) {
        let Some(room) = self.room_id(&view.place) else { return };
        self.change(
            view,
            message,
            |item| item.react(emoji, true, remove),
            |client| client.react(&room, message, emoji, remove),
        );
    }

    /// Drops a message that was refused.
    pub(in crate::leptos) fn cancel(&self, id: &ClientId) {
        self.client.cancel(id);
    }

    fn change(
        self: &Rc<Self>,
        view: &RoomView,
        message: &MessageId,
        change: impl FnOnce(&mut ChatItem),
        send: impl FnOnce(&crate::Client) -> ClientId,
    ) {
        let before = view.timeline.try_update(|t| t.change(message, change)).flatten();
        let Some(before) = before else { return };
        let id = send(&self.client);
        self.track(id, Outgoing::Change { place: view.place.clone(), message: message.clone(), before });
    }

    fn track(self: &Rc<Self>, id: ClientId, outgoing: Outgoing) {
        self.outgoing.borrow_mut().insert(id.clone(), outgoing);
        let early = self.early.borrow_mut().remove(&id);
        if let Some(state) = early {
            self.sent(&id, &state);
        }
    }

    pub(super) fn sent(self: &Rc<Self>, id: &ClientId, state: &SendState) {
        // What is kept is told as queued later than its own call: then this is an entry that was left here.
        let is_left = matches!(state, SendState::Queued | SendState::Failed(_));
        if is_left && self.client.state().persistence && !self.outgoing.borrow().contains_key(id) {
            self.restore();
        }
        let known = self.outgoing.borrow().contains_key(id);
        if !known {
            // Of changes from an earlier page load nothing is shown, and nothing will be asked.
            let ends = matches!(state, SendState::Acked { .. } | SendState::Cancelled | SendState::TakenOver);
            let mut early = self.early.borrow_mut();
            early.retain(|_, state| matches!(state, SendState::Refused(_)));
            if !ends {
                early.insert(id.clone(), state.clone());
            }
            return;
        }
        match state {
            SendState::Queued | SendState::InFlight => self.delivery(id, Delivery::Sending),
            SendState::Acked { message_id, seq, .. } => {
                if let Some(Outgoing::Message(place)) = self.outgoing.borrow_mut().remove(id)
                    && let Some(view) = self.kept(&place)
                    && let (Some(seq), Some(message)) =
                        (seq, message_id.as_deref().and_then(|m| m.parse().ok()))
                {
                    view.timeline.update(|t| t.acked(id, message, *seq));
                    self.count_failed(&view);
                }
            }
            SendState::Failed(code) => self.refused(id, code.sentence(), true),
            SendState::Refused(refusal) => self.refused(id, &refusal.to_string(), false),
            // What another page sends comes back by the log.
            SendState::Cancelled | SendState::TakenOver => {
                if let Some(Outgoing::Message(place)) = self.outgoing.borrow_mut().remove(id)
                    && let Some(view) = self.kept(&place)
                {
                    view.timeline.update(|t| {
                        t.remove_outgoing(id);
                    });
                    self.count_failed(&view);
                    // A room that was on the list only for this message goes.
                    self.refresh();
                }
            }
        }
    }

    fn refused(self: &Rc<Self>, id: &ClientId, why: &str, in_outbox: bool) {
        let is_change = matches!(self.outgoing.borrow().get(id), Some(Outgoing::Change { .. }));
        if !is_change {
            return self.delivery(id, Delivery::Failed(why.to_owned()));
        }
        let Some(Outgoing::Change { place, message, before }) = self.outgoing.borrow_mut().remove(id) else {
            return;
        };
        if let Some(view) = self.kept(&place) {
            let now = view.timeline.with_untracked(|t| t.by_id(&message));
            match now {
                Some(now) if now.as_of == before.as_of => view.timeline.update(|t| {
                    t.change(&message, |item| *item = (*before).clone());
                }),
                // Others have changed it since: only the server knows what it is without this.
                Some(_) => self.read_again(&view, &before),
                None => {}
            }
        }
        self.tell(Notice::Error(why.to_owned()));
        if in_outbox {
            self.client.cancel(id);
        }
    }

    fn delivery(&self, id: &ClientId, delivery: Delivery) {
        let place = match self.outgoing.borrow().get(id) {
            Some(Outgoing::Message(place)) => place.clone(),
            Some(Outgoing::Change { .. }) | None => return,
        };
        if let Some(view) = self.kept(&place) {
            view.timeline.update(|t| t.delivery(id, delivery));
            self.count_failed(&view);
        }
    }

    /// Counts what was refused anew, in all rooms whose messages are kept.
    pub(super) fn count_all_failed(&self) {
        let views: Vec<Rc<RoomView>> = self.views.borrow().clone();
        views.iter().for_each(|view| self.count_failed(view));
    }

    fn count_failed(&self, view: &RoomView) {
        let failed = view.timeline.with_untracked(super::Timeline::failed);
        self.rooms.update(|rooms| rooms.failed(&view.place, failed));
    }
}
