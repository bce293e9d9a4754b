//! Sessions, presence and typing: what is told while it lasts and stored nowhere.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tidings_protocol::command::OnlineStatus;
use tidings_protocol::data::{Presence as PresenceData, RoomCount, TypingIndicator, UserInRoom};
use tidings_protocol::entity::Status;
use tidings_protocol::{Event, RoomId, SessionId, UserId};

use super::{Node, Outcome};
use crate::auth::Principal;
use crate::broker::{Except, Payload, Topic};
use crate::hub::Registration;
use crate::outbox::{Outbox, Slot};
use crate::presence::{Notice, StatusChange};
use crate::store::{UserRecord, Write, Written};

/// How often the counts of large rooms are told.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);
/// Direct partners who are told of a user's presence.
const MAX_PARTNERS: u32 = 1_000;

impl Node {
    /// The server has seen the user: makes its record at the first time, and keeps its name up to date.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn see(&self, principal: &Principal) -> Outcome<UserRecord> {
        if let Some(known) = self.store().user(&principal.user_id).await?
            && (principal.name.is_none() || known.name == principal.name)
        {
            return Ok(known);
        }
        let Written::User(user) = self.write(self.seen(principal)).await? else {
            return Err(super::rooms::unexpected());
        };
        Ok(user)
    }

    /// Makes a session known to the hub, and its user present where `shows` is set.
    pub async fn open_session(&self, principal: &Principal, registration: Registration, shows: bool) {
        let (outbox, fence) = (Arc::clone(&registration.outbox), registration.client_session.clone());
        if self.hub.register(registration) {
            self.want(Topic::User(principal.user_id.clone())).await;
        }
        self.hold_to_revocations(&outbox);
        if let Some(client_session) = fence {
            self.fence(&outbox, client_session).await;
        }
        if shows {
            let name = principal.display_name();
            if let Some(change) = self.presence.connect(&principal.user_id, name, outbox.session_id()) {
                self.tell_presence(&principal.user_id, change).await;
            }
        }
    }

    /// A session has ended. Its user stays present for the grace time.
    pub async fn close_session(self: &Arc<Self>, principal: &Principal, outbox: &Outbox, rooms: &[RoomId]) {
        for room in rooms {
            self.unsubscribe(room, outbox.session_id()).await;
        }
        if self.hub.unregister(outbox) {
            let _ = self.broker().unsubscribe(Topic::User(principal.user_id.clone())).await;
        }
        if self.presence.lose(&principal.user_id, outbox.session_id(), rooms) {
            let (node, user) = (Arc::downgrade(self), principal.user_id.clone());
            let grace = self.presence.grace();
            self.tasks.spawn(async move {
                tokio::time::sleep(grace).await;
                if let Some(node) = node.upgrade() {
                    node.grace_is_over(&user).await;
                }
            });
            // Nobody waits for the time at which the user was last seen.
            drop(self.writer.submit(self.seen(principal), None).await);
        }
    }

    /// Subscribes a session to a room's live entries.
    pub async fn subscribe(&self, room_id: &RoomId, outbox: &Arc<Outbox>, slot: Slot) {
        if self.hub.subscribe(room_id, outbox, slot) {
            self.want(Topic::Room(room_id.clone())).await;
        }
    }

    /// Ends a session's subscription.
    pub async fn unsubscribe(&self, room_id: &RoomId, session: &SessionId) {
        if self.hub.unsubscribe(room_id, session) {
            let _ = self.broker().unsubscribe(Topic::Room(room_id.clone())).await;
        }
    }

    /// A session of the user has come into a room: the others are told at the first one.
    pub async fn entered(&self, principal: &Principal, room_id: &RoomId) {
        if self.presence.enter(room_id, &principal.user_id) == Notice::Others {
            let event = Event::UserJoined(in_room(&principal.user_id, principal.display_name(), room_id));
            self.signal_room(room_id, event, false, Except::User(principal.user_id.clone())).await;
        }
    }

    /// A session says what the others see of its user.
    pub async fn show(&self, user: &UserId, session: &SessionId, status: OnlineStatus) {
        if let Some(change) = self.presence.set_status(user, session, status) {
            self.tell_presence(user, change).await;
        }
    }

    /// Tells the others in a room that the user types, or has stopped.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away (asked for the peer of a direct room).
    pub async fn typing(&self, user: &UserId, room_id: &RoomId, is_typing: bool) -> Outcome<()> {
        let event =
            Event::Typing(TypingIndicator { user_id: user.clone(), is_typing, room_id: room_id.clone() });
        if let Some(peer) = self.direct_peer(room_id, user).await? {
            let frame = self.frame(event);
            self.publish(
                Topic::User(peer),
                Payload::Signal { frame, droppable: true, except: Except::Nobody },
            )
            .await;
        } else if !self.presence.is_large(room_id) || self.typing.admits(room_id) {
            self.signal_room(room_id, event, true, Except::User(user.clone())).await;
        }
        Ok(())
    }

    fn seen(&self, principal: &Principal) -> Write {
        Write::SeeUser { user_id: principal.user_id.clone(), name: principal.name.clone(), at: self.now() }
    }

    async fn want(&self, topic: Topic) {
        if let Err(error) = self.broker().subscribe(topic).await {
            tracing::warn!(%error, "a topic is subscribed later");
        }
    }

    async fn grace_is_over(&self, user: &UserId) {
        let Some(gone) = self.presence.expire(user) else { return };
        for room in &gone.rooms {
            let event = Event::UserDisconnected(in_room(user, &gone.name, room));
            self.signal_room(room, event, false, Except::User(user.clone())).await;
        }
        if let Some(change) = gone.offline {
            self.tell_presence(user, change).await;
        }
    }

    async fn tell_presence(&self, user: &UserId, change: StatusChange) {
        let users = self.store().direct_partners(user, MAX_PARTNERS).await.unwrap_or_default();
        let frame = self.frame(Event::Presence(PresenceData {
            user_id: user.clone(),
            status: change.status,
            online: change.status != Status::Offline,
            last_seen: self.now(),
        }));
        let payload = Payload::Presence { frame, about: user.clone(), rooms: change.rooms, users };
        self.publish(Topic::All, payload).await;
    }
}

/// Once a second, until the node is gone: tells the counts of large rooms, and counts what waits.
pub(super) async fn run_counts(node: Weak<Node>) {
    let mut ticks = tokio::time::interval(COUNT_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else { return };
        node.typing.forget_old();
        node.metrics.outbox_waiting(node.hub.waiting_bytes());
        for (room_id, count) in node.presence.take_recounts() {
            let event = Event::RoomCount(RoomCount { room_id: room_id.clone(), count: count as u64 });
            node.signal_room(&room_id, event, true, Except::Nobody).await;
        }
    }
}

fn in_room(user: &UserId, name: &str, room: &RoomId) -> UserInRoom {
    UserInRoom { user_id: user.clone(), name: name.to_owned(), room_id: room.clone() }
}
