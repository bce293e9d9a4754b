//! Delivered markers and positions that many small events move: gathered, and written together a moment later.
//! They may lag after a crash; they never run ahead of what was written to a socket.

use std::collections::HashMap;
use std::sync::Weak;
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::{RoomId, UserId};
use tokio::sync::Notify;

use super::parts::Parts;
use super::{Node, Outcome};
use crate::store::{NotificationHeads, NotificationPosition, Write};

/// How long markers are gathered before they are written.
const GATHER: Duration = Duration::from_millis(25);
/// Rooms' markers are less urgent: nobody waits for them.
const GATHER_ROOMS: u32 = 20;

/// Markers that have moved and are not written yet. At most one per user and log, so it is bounded by what the
/// sessions of this node are subscribed to.
#[derive(Debug, Default)]
pub struct Markers {
    inner: Mutex<Moved>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Moved {
    rooms: HashMap<(RoomId, UserId), u64>,
    inboxes: HashMap<UserId, Parts>,
    notices: HashMap<UserId, NotificationPosition>,
}

impl Node {
    /// An entry of a room has been written to one of the user's sockets.
    pub fn room_delivered(&self, room: &RoomId, user: &UserId, seq: u64) {
        let mut inner = self.markers.inner.lock();
        let marker = inner.rooms.entry((room.clone(), user.clone())).or_default();
        *marker = seq.max(*marker);
        drop(inner);
        self.markers.moved.notify_one();
    }

    /// What stands in the user's inbox above `after` and up to `inbox_seq` has been written to one of the user's
    /// sockets, or is known to have been.
    pub fn inbox_delivered(&self, user: &UserId, after: u64, inbox_seq: u64) {
        let mut inner = self.markers.inner.lock();
        inner.inboxes.entry(user.clone()).or_default().add(after, inbox_seq);
        drop(inner);
        self.markers.moved.notify_one();
    }

    /// Notifications up to here have been written to one of the user's streams.
    pub fn notices_handed(&self, user: &UserId, position: NotificationPosition) {
        let mut inner = self.markers.inner.lock();
        let marker = inner.notices.entry(user.clone()).or_default();
        marker.own = marker.own.max(position.own);
        marker.broadcast = marker.broadcast.max(position.broadcast);
        drop(inner);
        self.markers.moved.notify_one();
    }
}

impl Node {
    /// Where a user's notifications stand, with everything counted that this node has handed to a stream.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn notification_heads(&self, user: &UserId) -> Outcome<NotificationHeads> {
        let moved = self.markers.inner.lock().notices.remove(user);
        match moved {
            Some(position) => {
                self.write(Write::NotificationsHanded { user_id: user.clone(), position }).await?;
            }
            // What was taken a moment ago may still be on its way to the store.
            None => self.writer.idle().await,
        }
        Ok(self.readings().notification_heads(user).await?)
    }
}

/// Runs until the node is gone.
pub(super) async fn run(node: Weak<Node>) {
    let mut round = 0_u32;
    loop {
        {
            let Some(node) = node.upgrade() else { return };
            let waiting = !node.markers.inner.lock().rooms.is_empty();
            if waiting {
                // Rooms' markers wait for their turn; the others may come meanwhile.
                let _ = tokio::time::timeout(GATHER, node.markers.moved.notified()).await;
            } else {
                let _ = tokio::time::timeout(Duration::from_secs(1), node.markers.moved.notified()).await;
            }
        }
        tokio::time::sleep(GATHER).await;
        let Some(node) = node.upgrade() else { return };
        round = round.wrapping_add(1);
        write(&node, round.is_multiple_of(GATHER_ROOMS)).await;
    }
}

/// Writes everything that has moved.
pub(super) async fn flush(node: &Node) {
    write(node, true).await;
}

async fn write(node: &Node, rooms_too: bool) {
    let moved = {
        let mut inner = node.markers.inner.lock();
        Moved {
            rooms: if rooms_too { std::mem::take(&mut inner.rooms) } else { HashMap::new() },
            inboxes: std::mem::take(&mut inner.inboxes),
            notices: std::mem::take(&mut inner.notices),
        }
    };
    for ((room_id, user_id), seq) in moved.rooms {
        // In a large room nobody is shown single markers, and a thousand of them a message would cost more
        // than the message.
        if !node.presence.is_large(&room_id) {
            node.writer.submit(Write::Delivered { room_id, user_id, seq }, None).await;
        }
    }
    for (user_id, mut parts) in moved.inboxes {
        for (after, inbox_seq) in parts.take() {
            let user_id = user_id.clone();
            node.writer.submit(Write::InboxDelivered { user_id, after, inbox_seq }, None).await;
        }
    }
    for (user_id, position) in moved.notices {
        node.writer.submit(Write::NotificationsHanded { user_id, position }, None).await;
    }
}
