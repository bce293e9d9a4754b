//! What the sessions of this node are told of comings, goings and presence, wherever they happen; and the talk of the
//! nodes by which they know of each other's.

use std::sync::Weak;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::data::{Presence as PresenceData, UserInRoom};
use tidings_protocol::entity::Status;
use tidings_protocol::{Event, RoomId, UserId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Node;
use crate::broker::{Except, Payload, Topic};
use crate::presence::{Change, StatusChange};

/// What other nodes have said and this one has not taken in; past that it is left out, and asked for later.
pub(super) const HEARD: usize = 4_096;
/// Changes are gathered for this long before the others are told.
const GATHER: Duration = Duration::from_millis(25);
/// A node says that it lives so many times within its lease.
const BEATS: u32 = 5;
/// Direct partners who are told of a user's presence.
const MAX_PARTNERS: u32 = 1_000;

impl Node {
    /// Tells this node's sessions of changes in who is where. Other nodes tell theirs.
    pub(super) async fn tell(&self, changes: Vec<Change>) {
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
                Change::Status { user, change, partners } => self.tell_status(user, change, partners).await,
                Change::Fenced { user, session } => self.hub.replace(&user, &session),
                Change::Over { user, room } => self.end_membership(&user, &room).await,
                Change::Types { user, room } => self.typing_over.forget(&user, &room),
            }
        }
    }

    async fn tell_room(&self, event: Event, room: RoomId, user: UserId) {
        let (frame, except) = (self.frame(event), Except::User(user));
        self.publish_here(Topic::Room(room), Payload::Signal { frame, droppable: false, except }).await;
    }

    async fn tell_status(&self, user: UserId, change: StatusChange, partners: Option<Vec<UserId>>) {
        let StatusChange { status, rooms } = change;
        let users = match partners {
            Some(known) => known,
            None => {
                let found = self.store().direct_partners(&user, MAX_PARTNERS).await.unwrap_or_default();
                self.presence.know_partners(&user, found.clone());
                found
            }
        };
        let frame = self.frame(Event::Presence(PresenceData {
            user_id: user.clone(),
            status,
            online: status != Status::Offline,
            last_seen: self.now(),
        }));
        self.publish_here(Topic::All, Payload::Presence { frame, about: user, rooms, users }).await;
    }
}

fn in_room(room: &RoomId, user: &UserId, name: String) -> UserInRoom {
    UserInRoom { user_id: user.clone(), name, room_id: room.clone() }
}

/// Until the node is gone: takes in what the others say, and tells them what has changed.
pub(super) async fn run(node: Weak<Node>, mut heard: mpsc::Receiver<Utf8Bytes>, lease: Duration) {
    let mut says = interval(GATHER);
    says.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beats = interval((lease / BEATS).max(GATHER));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let step = tokio::select! {
            said = heard.recv() => said.map(Step::Hear),
            _ = says.tick() => Some(Step::Say),
            _ = beats.tick() => Some(Step::Beat),
        };
        let (Some(node), Some(step)) = (node.upgrade(), step) else { return };
        match step {
            Step::Hear(json) => node.tell(node.presence.hear(&json)).await,
            Step::Say => {
                for json in node.presence.take_gossip() {
                    node.publish(Topic::All, Payload::Gossip { json: Utf8Bytes::from(json) }).await;
                }
            }
            Step::Beat => {
                let can_be_heard = node.broker().check().await.is_ok();
                node.tell(node.presence.beat(can_be_heard)).await;
            }
        }
    }
}

enum Step {
    Hear(Utf8Bytes),
    Say,
    Beat,
}
