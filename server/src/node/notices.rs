//! Notifications and broadcasts: sending, read state, retention, and the cursor that addresses both.

use std::sync::Weak;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tidings_protocol::http::{SendBroadcast, SendNotification};
use tidings_protocol::limits::{MAX_DATA_BYTES, MAX_KIND_BYTES, MAX_NOTIFICATION_BYTES, MAX_TITLE_BYTES};
use tidings_protocol::{Code, Cursor, Epoch, Timestamp, UserId};

use super::{Node, Outcome, new_uuid};
use crate::auth::Principal;
use crate::error::Error;
use crate::store::{
    NewBroadcast, NewNotification, NotificationHeads, NotificationPosition, Which, Write, Written,
};

/// How often expired notifications are taken away.
const RETENTION_INTERVAL: Duration = Duration::from_secs(60);
/// Most that one commit takes away.
const RETENTION_BATCH: u32 = 1_000;

/// Why a cursor cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadCursor {
    /// It is no cursor of this server, or lies beyond the newest.
    Unknown,
    /// It is another user's.
    Foreign,
    /// What came after it has expired.
    Expired,
    /// It belongs to another log.
    Epoch,
}

impl BadCursor {
    /// The word in a stream's `reset`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::Epoch => "epoch",
        }
    }
}

impl Node {
    /// Stores a notification and hurries it to the user's streams.
    ///
    /// # Errors
    /// `INVALID_FRAME` or `TOO_LARGE` for a field out of its bounds, `CONFLICT` for an id that was used for
    /// something else, `UNAVAILABLE`: the store is away.
    pub async fn notify(&self, principal: &Principal, new: SendNotification) -> Outcome<Written> {
        check_texts(&new.title, &new.message, &new.kind)?;
        let data = new.data.unwrap_or_default();
        if serde_json::to_string(&data).map_or(0, |text| text.len()) > MAX_DATA_BYTES {
            return Err(Error::new(Code::TooLarge)
                .field("data")
                .detail(format!("must be at most {MAX_DATA_BYTES} bytes")));
        }
        self.write(Write::Notify(NewNotification {
            sender: principal.user_id.clone(),
            client_id: new.id,
            new_id: new_uuid(),
            at: self.now(),
            user_id: new.user_id,
            title: new.title,
            message: new.message,
            kind: new.kind,
            data,
        }))
        .await
    }

    /// Stores a broadcast and hurries it to all streams.
    ///
    /// # Errors
    /// As [`Node::notify`].
    pub async fn broadcast(&self, principal: &Principal, new: SendBroadcast) -> Outcome<Written> {
        check_texts(&new.title, &new.message, &new.kind)?;
        self.write(Write::Broadcast(NewBroadcast {
            sender: principal.user_id.clone(),
            client_id: new.id,
            new_id: new_uuid(),
            at: self.now(),
            title: new.title,
            message: new.message,
            kind: new.kind,
        }))
        .await
    }

    /// Marks notifications read and tells the user's other streams.
    ///
    /// # Errors
    /// `NOT_FOUND`; `UNAVAILABLE`: the store is away.
    pub async fn notifications_read(&self, user_id: UserId, which: Which) -> Outcome<()> {
        self.write(Write::NotificationsRead { user_id, which }).await.map(drop)
    }

    /// Deletes notifications and tells the user's other streams.
    ///
    /// # Errors
    /// `NOT_FOUND`; `UNAVAILABLE`: the store is away.
    pub async fn notifications_delete(&self, user_id: UserId, which: Which) -> Outcome<()> {
        self.write(Write::NotificationsDelete { user_id, which }).await.map(drop)
    }

    /// The cursor of a position in a user's stream: `<epoch>.<user's mark>.<own>.<broadcast>`.
    #[must_use]
    pub fn cursor(&self, user: &UserId, position: NotificationPosition) -> Option<Cursor> {
        let (epoch, mark) = (epoch_mark(&self.epoch), user_mark(&self.epoch, user));
        Cursor::new(format!("{epoch}.{mark}.{}.{}", position.own, position.broadcast)).ok()
    }

    /// The position of a cursor, checked against where the user's notifications stand.
    ///
    /// # Errors
    /// [`BadCursor`] says why the stream starts anew.
    pub fn position(
        &self,
        user: &UserId,
        cursor: &str,
        heads: &NotificationHeads,
    ) -> Result<NotificationPosition, BadCursor> {
        let mut parts = cursor.split('.');
        let (Some(epoch), Some(mark), Some(own), Some(broadcast), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(BadCursor::Unknown);
        };
        let (Ok(own), Ok(broadcast)) = (own.parse(), broadcast.parse()) else {
            return Err(BadCursor::Unknown);
        };
        let position = NotificationPosition { own, broadcast };
        if epoch != epoch_mark(&self.epoch) {
            Err(BadCursor::Epoch)
        } else if mark != user_mark(&self.epoch, user) {
            Err(BadCursor::Foreign)
        } else if own > heads.head.own || broadcast > heads.head.broadcast {
            Err(BadCursor::Unknown)
        } else if own < heads.expired.own || broadcast < heads.expired.broadcast {
            Err(BadCursor::Expired)
        } else {
            Ok(position)
        }
    }
}

/// Takes expired notifications away, until the node is gone.
pub(super) async fn run_retention(node: Weak<Node>) {
    let mut ticks = tokio::time::interval(RETENTION_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else { return };
        let retention = i64::try_from(node.settings.notification_retention.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(node.now().as_millis().saturating_sub(retention));
        // One batch at a time, so that others' writes come between.
        loop {
            match node.write(Write::PruneNotifications { before, limit: RETENTION_BATCH }).await {
                Ok(Written::Pruned { removed: 0 }) => break,
                Ok(Written::Pruned { removed }) => tracing::debug!(removed, "notifications expired"),
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "expired notifications stay for now");
                    break;
                }
            }
        }
    }
}

fn check_texts(title: &str, message: &str, kind: &str) -> Outcome<()> {
    let bound = |field, text: &str, least: usize, most: usize| {
        if text.len() > most {
            Err(Error::new(Code::TooLarge).field(field).detail(format!("must be at most {most} bytes")))
        } else if text.len() < least {
            Err(Error::new(Code::InvalidFrame).field(field).detail("must not be empty"))
        } else {
            Ok(())
        }
    };
    bound("title", title, 1, MAX_TITLE_BYTES)?;
    bound("message", message, 0, MAX_NOTIFICATION_BYTES)?;
    bound("type", kind, 1, MAX_KIND_BYTES)
}

fn epoch_mark(epoch: &Epoch) -> String {
    short_hash(&[epoch.as_str()])
}

/// Tells one user's cursors from another's. No secret: a stream is open to its own user only.
fn user_mark(epoch: &Epoch, user: &UserId) -> String {
    short_hash(&[epoch.as_str(), user.as_str()])
}

fn short_hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}
