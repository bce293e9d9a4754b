//! What the sessions of this node are told of comings, goings and presence, wherever they happen; and the talk of the
//! nodes by which they know of each other's.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use futures_util::{StreamExt, stream};
use tidings_protocol::data::{Presence as PresenceData, UserInRoom};
use tidings_protocol::entity::Status;
use tidings_protocol::{Event, RoomId, UserId};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout_at};

use super::Node;
use super::readings::PARTNERED;
use crate::broker::{Except, Payload, Topic};
use crate::presence::{Change, StatusChange};

/// What other nodes have said and this one has not taken in; past that it is left out, and asked for later.
pub(super) const HEARD: usize = 4_096;
/// Changes are gathered for this long before the others are told.
const GATHER: Duration = Duration::from_millis(25);
/// A node says that it lives so many times within its lease.
const BEATS: u32 = 5;
/// Readings of direct partners that one piece of news asks for at the same time.
const LOOK_UPS: usize = 2;
/// Looking them up for one piece of news takes no longer.
const LOOK_UP_TIME: Duration = Duration::from_secs(2);

impl Node {
    /// Tells this node's sessions of changes in who is where. Other nodes tell theirs.
    pub(super) async fn tell(&self, changes: Vec<Change>) {
        let mut found = self.look_up_partners(&changes).await;
        for change in changes {
            match change {
                Change::Joined { room, user, name } => {
                    self.tell_room(Event::UserJoined(in_room(&room, &user, name)), room, user).await;
                }
                Change::Left { room, user, name } => {
                    self.tell_room(Event::UserLeft(in_room(&room, &user, name)), room, user).await;
                }
                Change::Lost { room, user, name } => {
                    self.tell_room(Event::UserDisconnected(in_room(&room, &user, name)), room, user).await;
                }
                Change::Status { user, change, partners } => {
                    let partners = partners.or_else(|| found.remove(&user)).unwrap_or_default();
                    self.tell_status(user, change, partners).await;
                }
                Change::Fenced { user, session } => self.hub.replace(&user, &session),
                Change::Over { user, room } => self.end_membership(&user, &room).await,
                Change::Types { user, room } => self.typing_over.forget(&user, &room),
            }
        }
    }

    /// The same of what other nodes have told. A node that has just started hears of everybody, and has nobody to tell.
    async fn tell_news(&self, changes: Vec<Change>) {
        let is_told = |change: &Change| !self.hub.is_empty() || lacks_partners(change).is_none();
        self.tell(changes.into_iter().filter(is_told).collect()).await;
    }

    async fn tell_room(&self, event: Event, room: RoomId, user: UserId) {
        let (frame, except) = (self.frame(event), Except::User(user));
        self.publish_here(Topic::Room(room), Payload::Signal { frame, droppable: false, except }).await;
    }

    async fn tell_status(&self, user: UserId, change: StatusChange, users: Vec<UserId>) {
        let StatusChange { status, rooms } = change;
        let frame = self.frame(Event::Presence(PresenceData {
            user_id: user.clone(),
            status,
            online: status != Status::Offline,
            last_seen: self.now(),
        }));
        self.publish_here(Topic::All, Payload::Presence { frame, about: user, rooms, users }).await;
    }

    /// Looks up the direct partners that no node has told. What the store does not say in time is done without: then
    /// only rooms are told.
    async fn look_up_partners(&self, changes: &[Change]) -> HashMap<UserId, Vec<UserId>> {
        let unknown: Vec<UserId> = changes.iter().filter_map(lacks_partners).cloned().collect();
        let (until, mut found) = (Instant::now() + LOOK_UP_TIME, HashMap::new());
        let parts: Vec<Vec<UserId>> = unknown.chunks(PARTNERED).map(<[UserId]>::to_vec).collect();
        let mut asked = stream::iter(parts)
            .map(|users| async move {
                let partners = self.readings().partners(&users).await;
                (users, partners)
            })
            .buffer_unordered(LOOK_UPS);
        while let Ok(Some((users, partners))) = timeout_at(until, asked.next()).await {
            let Ok(partners) = partners else { continue };
            for user in users {
                let partners = partners.get(&user).cloned().unwrap_or_default();
                self.presence.know_partners(&user, partners.clone());
                found.insert(user, partners);
            }
        }
        found
    }
}

fn lacks_partners(change: &Change) -> Option<&UserId> {
    match change {
        Change::Status { user, partners: None, .. } => Some(user),
        Change::Status { partners: Some(_), .. }
        | Change::Joined { .. }
        | Change::Left { .. }
        | Change::Lost { .. }
        | Change::Fenced { .. }
        | Change::Over { .. }
        | Change::Types { .. } => None,
    }
}

fn in_room(room: &RoomId, user: &UserId, name: String) -> UserInRoom {
    UserInRoom { user_id: user.clone(), name, room_id: room.clone() }
}

/// Until the node is gone: takes in what the others say, and tells this node's sessions what follows.
pub(super) async fn hear(node: Weak<Node>, mut heard: mpsc::Receiver<Utf8Bytes>, lease: Duration) {
    let mut buries = ticks(lease / BEATS);
    loop {
        let said = tokio::select! {
            said = heard.recv() => match said {
                Some(said) => Some(said),
                None => return,
            },
            _ = buries.tick() => None,
        };
        let Some(node) = node.upgrade() else { return };
        if let Some(json) = said {
            node.tell_news(node.presence.hear(&json)).await;
            continue;
        }
        // Telling may have taken long: whoever has said something meanwhile lives.
        for _ in 0..HEARD {
            let Ok(json) = heard.try_recv() else { break };
            node.tell_news(node.presence.hear(&json)).await;
        }
        let can_be_heard = node.broker().check().await.is_ok();
        node.tell_news(node.presence.bury(can_be_heard)).await;
    }
}

/// Until the node is gone: tells the others what has changed, and that it lives, however long hearing takes.
pub(super) async fn talk(node: Weak<Node>, lease: Duration) {
    let (mut says, mut beats) = (ticks(GATHER), ticks(lease / BEATS));
    loop {
        let beat = tokio::select! {
            _ = says.tick() => false,
            _ = beats.tick() => true,
        };
        let Some(node) = node.upgrade() else { return };
        if beat {
            node.presence.beat();
        }
        for json in node.presence.take_gossip() {
            node.publish(Topic::All, Payload::Gossip { json: Utf8Bytes::from(json) }).await;
        }
    }
}

fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every.max(GATHER));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
