//! The messages of one room as a window on its log: in order, each once, with those on their way at the end.

use std::collections::HashMap;
use std::sync::Arc;

use tidings_protocol::data::{Deleted, Edited, Reaction};
use tidings_protocol::entity::Message;
use tidings_protocol::http::MessagePage;
use tidings_protocol::{ClientId, MessageId, UserId};

use super::item::{ChatItem, Delivery};
use super::meanwhile::{Asked, Came, Meanwhile};

/// Most messages in the window; what is further away than this is dropped and fetched again when wanted.
pub const WINDOW: usize = 400;

/// What the connection told of the room.
#[derive(Clone, Debug)]
enum Change {
    Message(Message),
    Edited(Edited),
    Deleted(Deleted),
    Reaction(Reaction),
}

/// A window on a room's log. Every change is idempotent: what comes twice, by whatever way, changes nothing.
#[derive(Clone, Debug)]
pub struct Timeline {
    me: UserId,
    items: Vec<Arc<ChatItem>>,
    outgoing: Vec<Arc<ChatItem>>,
    by_key: HashMap<Arc<str>, Arc<ChatItem>>,
    meanwhile: Meanwhile<Change>,
    loaded: bool,
    has_older: bool,
    has_newer: bool,
}

impl Timeline {
    /// A window that shows nothing yet.
    #[must_use]
    pub fn new(me: UserId) -> Self {
        Self {
            me,
            items: Vec::new(),
            outgoing: Vec::new(),
            by_key: HashMap::new(),
            meanwhile: Meanwhile::default(),
            loaded: false,
            has_older: false,
            has_newer: false,
        }
    }

    /// All items, oldest first; those on their way come last.
    pub fn items(&self) -> impl Iterator<Item = &Arc<ChatItem>> {
        self.items.iter().chain(&self.outgoing)
    }

    /// One item by its key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Arc<ChatItem>> {
        self.by_key.get(key).cloned()
    }

    /// One item by the server's id, where it is in the window.
    #[must_use]
    pub fn by_id(&self, id: &MessageId) -> Option<Arc<ChatItem>> {
        self.items.iter().find(|item| item.message_id.as_ref() == Some(id)).cloned()
    }

    /// Whether a page has come.
    #[must_use]
    pub const fn loaded(&self) -> bool {
        self.loaded
    }

    /// Whether the log goes on above the window.
    #[must_use]
    pub const fn has_older(&self) -> bool {
        self.has_older
    }

    /// Whether the log goes on below the window.
    #[must_use]
    pub const fn has_newer(&self) -> bool {
        self.has_newer
    }

    /// Position of the first message in the window.
    #[must_use]
    pub fn first_seq(&self) -> Option<u64> {
        self.items.first().and_then(|item| item.seq)
    }

    /// Position of the last message in the window.
    #[must_use]
    pub fn last_seq(&self) -> Option<u64> {
        self.items.last().and_then(|item| item.seq)
    }

    /// Whether any message is on its way, or was refused.
    #[must_use]
    pub const fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// How many messages failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.outgoing.iter().filter(|item| matches!(item.delivery, Delivery::Failed(_))).count()
    }

    /// A page is asked for. What comes until it is there is applied to it.
    pub fn ask(&mut self) -> Asked {
        self.meanwhile.ask()
    }

    /// A page did not come.
    pub fn missed(&mut self, asked: Asked) {
        self.meanwhile.came(asked);
    }

    /// Puts the window elsewhere.
    pub fn replace(&mut self, asked: Asked, page: &MessagePage, has_older: bool, has_newer: bool) {
        for item in self.items.drain(..) {
            self.by_key.remove(&item.key);
        }
        self.loaded = true;
        self.has_older = has_older;
        self.has_newer = has_newer;
        self.take(asked, page);
    }

    /// Adds a page above.
    pub fn prepend(&mut self, asked: Asked, page: &MessagePage, has_older: bool) {
        self.has_older = has_older;
        self.take(asked, page);
        while self.items.len() > WINDOW {
            self.has_newer = true;
            if let Some(item) = self.items.pop() {
                self.by_key.remove(&item.key);
            }
        }
    }

    /// Adds a page below.
    pub fn append(&mut self, asked: Asked, page: &MessagePage, has_newer: bool) {
        self.has_newer = has_newer;
        self.take(asked, page);
        self.trim_top();
    }

    /// Messages were read anew; those that are not in the window any more stay out of it.
    pub fn refresh(&mut self, asked: Asked, mut page: MessagePage) {
        page.messages.retain(|message| self.by_id(&message.message_id).is_some());
        self.take(asked, &page);
    }

    /// What follows a position was read, where live messages may have been put below a hole. A window that is elsewhere by
    /// now has none.
    pub fn fill(&mut self, asked: Asked, page: &MessagePage, after: u64) {
        if self.has_newer || self.first_seq().is_none_or(|first| first > after) {
            return self.missed(asked);
        }
        self.take(asked, page);
        self.trim_top();
    }

    /// A message arrived. True where it is new to the window's room; it is shown only if the window reaches the end.
    pub fn receive(&mut self, message: &Message) -> bool {
        self.meanwhile.note(|| Change::Message(message.clone()));
        let known = self.by_id(&message.message_id).is_some();
        if self.loaded {
            self.live(message);
            self.trim_top();
        }
        !known
    }

    /// A message was edited.
    pub fn edited(&mut self, change: &Edited) {
        self.meanwhile.note(|| Change::Edited(change.clone()));
        self.entry(&change.message_id, change.seq, |item| {
            item.content.clone_from(&change.content);
            item.edited = true;
        });
    }

    /// A message was deleted.
    pub fn deleted(&mut self, change: &Deleted) {
        self.meanwhile.note(|| Change::Deleted(change.clone()));
        self.entry(&change.message_id, change.seq, |item| {
            item.content.clear();
            item.deleted = true;
            item.reactions.clear();
        });
    }

    /// A reaction was set or unset.
    pub fn reacted(&mut self, change: &Reaction) {
        self.meanwhile.note(|| Change::Reaction(change.clone()));
        let mine = change.user_id == self.me;
        self.entry(&change.message_id, change.seq, |item| item.react(&change.emoji, mine, change.removed));
    }

    /// Changes one message of the window; answers what it was.
    pub fn change(&mut self, id: &MessageId, change: impl FnOnce(&mut ChatItem)) -> Option<Arc<ChatItem>> {
        let slot = self.items.iter_mut().find(|item| item.message_id.as_ref() == Some(id))?;
        let before = slot.clone();
        change(Arc::make_mut(slot));
        self.by_key.insert(slot.key.clone(), slot.clone());
        Some(before)
    }

    /// An own message was put into the outbox.
    pub fn queue(&mut self, item: ChatItem) {
        if self.by_key.contains_key(&item.key) {
            return;
        }
        let item = Arc::new(item);
        self.by_key.insert(item.key.clone(), item.clone());
        self.outgoing.push(item);
    }

    /// An own message is in the log. Its echo may have come before, or comes later.
    pub fn acked(&mut self, id: &ClientId, message_id: MessageId, seq: u64) {
        let Some(item) = self.remove_outgoing(id) else { return };
        // One that was stored long ago may lie above the window: there it would tear a hole.
        let is_above = self.has_older && self.first_seq().is_some_and(|first| seq < first);
        if self.by_id(&message_id).is_some() || self.has_newer || is_above {
            return;
        }
        let mut item = Arc::unwrap_or_clone(item);
        item.message_id = Some(message_id);
        item.seq = Some(seq);
        // Its entry is still to come, and says more.
        item.as_of = seq.saturating_sub(1);
        item.delivery = Delivery::Sent;
        self.insert(item);
    }

    /// An own message has another state in the outbox.
    pub fn delivery(&mut self, id: &ClientId, delivery: Delivery) {
        if let Some(slot) = self.outgoing.iter_mut().find(|item| item.client_id.as_ref() == Some(id)) {
            Arc::make_mut(slot).delivery = delivery;
            self.by_key.insert(slot.key.clone(), slot.clone());
        }
    }

    /// An own message was dropped from the outbox; answers it.
    pub fn remove_outgoing(&mut self, id: &ClientId) -> Option<Arc<ChatItem>> {
        let at = self.outgoing.iter().position(|item| item.client_id.as_ref() == Some(id))?;
        let item = self.outgoing.remove(at);
        self.by_key.remove(&item.key);
        Some(item)
    }

    /// A page is in place of what was; what came since it was asked for may be missing on it.
    fn take(&mut self, asked: Asked, page: &MessagePage) {
        let Came { changes, whole } = self.meanwhile.came(asked);
        for message in &page.messages {
            self.place(message, page.head_seq.unwrap_or(message.seq), false);
        }
        // What is missing is fetched as the page below.
        self.has_newer |= !whole;
        for change in changes {
            match change {
                Change::Message(message) => self.live(&message),
                Change::Edited(change) => self.edited(&change),
                Change::Deleted(change) => self.deleted(&change),
                Change::Reaction(change) => self.reacted(&change),
            }
        }
    }

    /// A message of the connection is shown where the window holds it, or reaches the end.
    fn live(&mut self, message: &Message) {
        if !self.has_newer || self.by_id(&message.message_id).is_some() {
            self.place(message, message.seq, true);
        } else {
            self.take_outgoing(message);
        }
    }

    /// Puts in a message that is told up to the entry `as_of`.
    fn place(&mut self, message: &Message, as_of: u64, live: bool) {
        self.take_outgoing(message);
        let item = ChatItem { as_of, live, ..ChatItem::confirmed(message, &self.me) };
        if let Some(at) = self.items.iter().position(|old| old.message_id == item.message_id) {
            let told = self.items[at].as_of;
            // A page of the same moment has what a message of the connection has not: its reactions.
            if told > as_of || (live && told == as_of) {
                return;
            }
            let old = self.items.remove(at);
            self.by_key.remove(&old.key);
        }
        self.insert(item);
    }

    /// Applies an entry of the log to its message, unless that is told further already.
    fn entry(&mut self, id: &MessageId, seq: u64, change: impl FnOnce(&mut ChatItem)) {
        if self.by_id(id).is_some_and(|item| item.as_of < seq) {
            self.change(id, |item| {
                item.as_of = seq;
                change(item);
            });
        }
    }

    fn insert(&mut self, item: ChatItem) {
        let item = Arc::new(item);
        let at = self.items.partition_point(|old| old.seq < item.seq);
        self.by_key.insert(item.key.clone(), item.clone());
        self.items.insert(at, item);
    }

    fn take_outgoing(&mut self, message: &Message) {
        if message.sender_id == self.me
            && let Some(id) = &message.client_id
        {
            self.remove_outgoing(id);
        }
    }

    fn trim_top(&mut self) {
        if self.items.len() > WINDOW {
            self.has_older = true;
            for item in self.items.drain(..self.items.len() - WINDOW) {
                self.by_key.remove(&item.key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
