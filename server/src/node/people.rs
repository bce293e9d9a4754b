//! Sessions, presence and typing: what is told while it lasts and stored nowhere.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tidings_protocol::command::OnlineStatus;
use tidings_protocol::data::{RoomCount, TypingIndicator};
use tidings_protocol::{ClientSession, Event, RoomId, SessionId, UserId};

use super::{Node, Outcome};
use crate::auth::Principal;
use crate::broker::{Except, Payload, Topic};
use crate::hub::Registration;
use crate::outbox::{Outbox, Slot};
use crate::presence::Arrival;
use crate::store::{UserRecord, Write, Written};

/// How often the counts of large rooms are told.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// A session whose opening may be cut off at any moment: with the request that it is opened for.
#[derive(Debug)]
#[must_use]
pub struct Opening {
    node: Arc<Node>,
    principal: Arc<Principal>,
    outbox: Arc<Outbox>,
    is_done: bool,
}

impl Opening {
    /// Somebody answers for the session's end now.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.is_done, tokio::runtime::Handle::try_current()) {
            let (node, principal) = (Arc::clone(&self.node), Arc::clone(&self.principal));
            let outbox = Arc::clone(&self.outbox);
            runtime.spawn(async move { node.close_session(&principal, &outbox, &[]).await });
        }
    }
}

impl Node {
    /// The server has seen the user: makes its record at the first time, and keeps its name up to date.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn see(&self, principal: &Principal) -> Outcome<UserRecord> {
        if let Some(known) = self.readings.user(&principal.user_id).await?
            && (principal.name.is_none() || known.name == principal.name)
        {
            return Ok(known);
        }
        let Written::User(user) = self.write(self.seen(principal)).await? else {
            return Err(super::rooms::unexpected());
        };
        Ok(user)
    }

    /// Makes a session known to the hub, and its user present where `shows` is set. Until somebody answers for its end, it
    /// ends with what is returned, or with the future.
    pub async fn open_session(
        self: &Arc<Self>,
        principal: &Arc<Principal>,
        registration: Registration,
        shows: bool,
    ) -> Opening {
        let (outbox, client_session) =
            (Arc::clone(&registration.outbox), registration.client_session.clone());
        self.hub.register(registration);
        let (user, name) = (&principal.user_id, principal.display_name());
        let changes = if shows {
            let client = client_session.as_ref();
            self.presence.connect(Arrival { user, name, session: outbox.session_id(), client })
        } else {
            self.presence.open_stream(user, name)
        };
        let (node, principal) = (Arc::clone(self), Arc::clone(principal));
        let opening = Opening { node, principal, outbox: Arc::clone(&outbox), is_done: false };
        // Asked for by each session: it may be another's order that is still on its way.
        self.want(Topic::User(opening.principal.user_id.clone())).await;
        self.hold_to_revocations(&outbox);
        if let Some(client_session) = client_session {
            self.fence(&outbox, client_session).await;
        }
        self.tell(changes).await;
        opening
    }

    /// A session has ended. Its user stays present for the grace time.
    pub async fn close_session(self: &Arc<Self>, principal: &Principal, outbox: &Outbox, rooms: &[RoomId]) {
        for room in rooms {
            self.unsubscribe(room, outbox.session_id()).await;
        }
        if self.hub.unregister(outbox) {
            self.give_up(Topic::User(principal.user_id.clone())).await;
        }
        let (until, changes) = self.presence.lose(&principal.user_id, outbox.session_id(), outbox.lease());
        self.tell(changes).await;
        if let Some(until) = until {
            let (node, user) = (Arc::downgrade(self), principal.user_id.clone());
            self.tasks.spawn(async move {
                tokio::time::sleep_until(until).await;
                if let Some(node) = node.upgrade() {
                    node.tell(node.presence.expire(&user)).await;
                }
            });
            // Nobody waits for the time at which the user was last seen.
            drop(self.writer.submit(self.seen(principal), None).await);
        }
    }

    /// Subscribes a session to a room's live entries.
    pub async fn subscribe(&self, room_id: &RoomId, outbox: &Arc<Outbox>, slot: Slot) {
        self.hub.subscribe(room_id, outbox, slot);
        self.want(Topic::Room(room_id.clone())).await;
    }

    /// Ends a session's subscription.
    pub async fn unsubscribe(&self, room_id: &RoomId, session: &SessionId) {
        if self.hub.unsubscribe(room_id, session) {
            self.give_up(Topic::Room(room_id.clone())).await;
        }
    }

    /// A session of the user has come into a room: the others are told at the first one.
    pub async fn entered(&self, principal: &Principal, room_id: &RoomId, session: &SessionId) {
        self.tell(self.presence.enter(room_id, &principal.user_id, session)).await;
    }

    /// A session says what the others see of its user.
    pub async fn show(&self, user: &UserId, session: &SessionId, status: OnlineStatus) {
        self.tell(self.presence.set_status(user, session, status)).await;
    }

    /// A client session says the same by a request.
    pub async fn show_by_request(&self, user: &UserId, client: &ClientSession, status: OnlineStatus) {
        self.tell(self.presence.set_client_status(user, client, status)).await;
    }

    /// A user types, or has stopped, as a request says. It is over by itself a while after the last one.
    ///
    /// # Errors
    /// As [`Node::typing`].
    pub async fn typing_by_request(
        self: &Arc<Self>,
        user: &UserId,
        room_id: &RoomId,
        is_typing: bool,
    ) -> Outcome<()> {
        // The last one may have come to another node.
        self.presence.say_typing(user, room_id);
        if !is_typing {
            self.typing_over.forget(user, room_id);
        } else if let Some(until) = self.typing_over.typed(user, room_id) {
            let (node, user, room_id) = (Arc::downgrade(self), user.clone(), room_id.clone());
            tokio::spawn(async move {
                tokio::time::sleep_until(until).await;
                let Some(node) = node.upgrade() else { return };
                if node.typing_over.take(&user, &room_id)
                    && let Err(error) = node.typing(&user, &room_id, false).await
                {
                    tracing::debug!(%error, "the end of typing was not told");
                }
            });
        }
        self.typing(user, room_id, is_typing).await
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

    /// The node's last session that wanted the topic has gone. Another may have come meanwhile and have asked for it
    /// before it was given up: then it is asked for again.
    async fn give_up(&self, topic: Topic) {
        let _ = self.broker().unsubscribe(topic.clone()).await;
        if self.hub.wants(&topic) {
            self.want(topic.clone()).await;
            self.publish_here(topic, Payload::Recheck).await;
        }
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
        node.presence.forget_old();
        node.metrics.hub(node.hub.waiting_bytes(), node.hub.room_count());
        let connected = node.broker().check().await.is_ok();
        node.metrics.broker(node.broker().stats(), connected, node.presence.nodes().len());
        for (room_id, count) in node.presence.take_recounts() {
            let event = Event::RoomCount(RoomCount { room_id: room_id.clone(), count: count as u64 });
            let (frame, except) = (node.frame(event), Except::Nobody);
            node.publish_here(Topic::Room(room_id), Payload::Signal { frame, droppable: true, except }).await;
        }
    }
}
