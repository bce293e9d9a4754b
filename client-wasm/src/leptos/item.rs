//! A message as an app shows it, from the moment it is sent to the moment it is deleted.

use std::sync::Arc;

use tidings_protocol::entity::{Message, ReactionCount};
use tidings_protocol::{ClientId, MessageId, UserId};

/// How a message stands with the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// In the outbox or on its way.
    Sending,
    /// Refused or given up, with a sentence that says why. It can be retried or dropped.
    Failed(String),
    /// In the log.
    Sent,
}

/// One message of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatItem {
    /// Names the item for as long as it lives: an own message keeps its key when the server confirms it.
    pub key: Arc<str>,
    /// The server's name for it; none until it is in the log.
    pub message_id: Option<MessageId>,
    /// Position in the log; none until it is there.
    pub seq: Option<u64>,
    /// Who sent it.
    pub sender_id: UserId,
    /// The sender's display name, where known.
    pub sender_name: Option<String>,
    /// The text; empty when deleted.
    pub content: String,
    /// When the server took it (or, until then, when it was sent), in milliseconds since 1970.
    pub at: i64,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// The `id` of the frame that made it.
    pub client_id: Option<ClientId>,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Reactions, in the order in which each emoji first came.
    pub reactions: Vec<ReactionCount>,
    /// How it stands with the server.
    pub delivery: Delivery,
    /// Up to which entry of the room's log all this is told; 0 until it is in the log.
    pub as_of: u64,
    /// Whether it came by the connection or was written here, and not with a page of history.
    pub live: bool,
}

impl ChatItem {
    /// A message of the log.
    #[must_use]
    pub fn confirmed(message: &Message, me: &UserId) -> Self {
        Self {
            key: key(message, me),
            message_id: Some(message.message_id.clone()),
            seq: Some(message.seq),
            sender_id: message.sender_id.clone(),
            sender_name: message.sender_name.clone(),
            content: message.content.clone(),
            at: message.timestamp.as_millis(),
            reply_to: message.reply_to.clone(),
            client_id: message.client_id.clone(),
            edited: message.edited_at.is_some(),
            deleted: message.deleted,
            reactions: message.reactions.clone(),
            delivery: Delivery::Sent,
            as_of: message.seq,
            live: false,
        }
    }

    /// A message that has just been put into the outbox.
    #[must_use]
    pub fn queued(id: ClientId, me: &UserId, content: String, reply_to: Option<MessageId>, now: i64) -> Self {
        Self {
            key: Arc::from(id.as_str()),
            message_id: None,
            seq: None,
            sender_id: me.clone(),
            sender_name: None,
            content,
            at: now,
            reply_to,
            client_id: Some(id),
            edited: false,
            deleted: false,
            reactions: Vec::new(),
            delivery: Delivery::Sending,
            as_of: 0,
            live: true,
        }
    }

    /// Sets or unsets one user's reaction. An own one that stands already changes nothing.
    pub fn react(&mut self, emoji: &str, mine: bool, removed: bool) {
        match self.reactions.iter_mut().find(|tally| tally.emoji == emoji) {
            Some(tally) if mine && tally.mine != removed => {}
            Some(tally) => {
                tally.count = if removed { tally.count.saturating_sub(1) } else { tally.count + 1 };
                if mine {
                    tally.mine = !removed;
                }
            }
            None if removed => {}
            None => self.reactions.push(ReactionCount { emoji: emoji.to_owned(), count: 1, mine }),
        }
        self.reactions.retain(|tally| tally.count > 0);
    }
}

/// Client ids are unique for one sender only, so the others' messages go by the server's id.
fn key(message: &Message, me: &UserId) -> Arc<str> {
    match &message.client_id {
        Some(id) if message.sender_id == *me => Arc::from(id.as_str()),
        Some(_) | None => Arc::from(message.message_id.as_str()),
    }
}
