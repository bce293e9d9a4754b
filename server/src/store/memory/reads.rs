//! Reading logs, inboxes, history, search and users.

use std::collections::BTreeMap;

use tidings_protocol::entity::{Message, ReactionCount, RoomKind};
use tidings_protocol::{RoomId, UserId};

use super::super::words::all_words;
use super::super::{
    Entry, History, HistoryPage, InboxEntry, Page, Reach, SearchQuery, UserRecord, search_words,
};
use super::state::{MessageState, State};

/// The first `limit` of `items`, and whether there were more.
pub(super) fn page<T>(mut items: Vec<T>, limit: usize) -> Page<T> {
    let has_more = items.len() > limit;
    items.truncate(limit);
    Page { items, has_more }
}

impl State {
    pub(super) fn log(&self, room_id: &RoomId, after: u64, limit: usize) -> Vec<Entry> {
        let Some(room) = self.rooms.get(room_id) else { return Vec::new() };
        let seqs = (1..=room.head()).filter(|seq| *seq > after);
        seqs.take(limit).filter_map(|seq| room.entry(room_id, seq)).collect()
    }

    pub(super) fn direct_log(
        &self,
        room_id: &RoomId,
        member: &UserId,
        after: u64,
        limit: usize,
    ) -> Vec<InboxEntry> {
        let Some(user) = self.users.get(member) else { return Vec::new() };
        let positions = (1..).zip(&user.inbox).filter(|(_, (room, seq))| room == room_id && *seq > after);
        let entries = positions.take(limit).filter_map(|(inbox_seq, (_, seq))| {
            let entry = self.rooms.get(room_id)?.entry(room_id, *seq)?;
            Some(InboxEntry { inbox_seq, entry })
        });
        entries.collect()
    }

    pub(super) fn inbox(&self, user_id: &UserId, after: u64, limit: usize) -> Vec<InboxEntry> {
        let Some(user) = self.users.get(user_id) else { return Vec::new() };
        let positions = (1..).zip(&user.inbox).filter(|(inbox_seq, _)| *inbox_seq > after).take(limit);
        let entries = positions.filter_map(|(inbox_seq, (room_id, seq))| {
            let entry = self.rooms.get(room_id)?.entry(room_id, *seq)?;
            Some(InboxEntry { inbox_seq, entry })
        });
        entries.collect()
    }

    pub(super) fn history(
        &self,
        room_id: &RoomId,
        user_id: &UserId,
        which: HistoryPage,
        limit: usize,
    ) -> History {
        let Some(room) = self.rooms.get(room_id) else {
            return History { page: page(Vec::new(), limit), head_seq: 0 };
        };
        let mut messages: Vec<&MessageState> = room.messages.values().collect();
        messages.sort_by_key(|state| state.message.seq);
        let backwards = match which {
            HistoryPage::Newest => true,
            HistoryPage::Before(seq) => {
                messages.retain(|state| state.message.seq < seq);
                true
            }
            HistoryPage::After(seq) => {
                messages.retain(|state| state.message.seq > seq);
                false
            }
        };
        if backwards {
            messages.reverse();
        }
        let mut found = page(messages, limit);
        if backwards {
            found.items.reverse();
        }
        let items: Vec<Message> = found.items.into_iter().map(|state| state.seen_by(user_id)).collect();
        let head_seq = if items.is_empty() { 0 } else { room.head() };
        History { page: Page { items, has_more: found.has_more }, head_seq }
    }

    pub(super) fn search(&self, query: &SearchQuery) -> Page<Message> {
        let wanted = search_words(&query.text);
        let limit = query.limit as usize;
        let all = || self.rooms.values().flat_map(|room| room.messages.values());
        let below = match &query.before {
            None => u64::MAX,
            Some(id) => all().find(|state| state.message.message_id == *id).map_or(0, |state| state.taken),
        };
        let mut found: Vec<&MessageState> = self
            .rooms
            .iter()
            .filter(|(room_id, _)| query.room_id.as_ref().is_none_or(|only| only == *room_id))
            .filter(|(room_id, room)| {
                let member = room.members.contains_key(&query.user_id);
                match room.kind {
                    RoomKind::Direct => member,
                    RoomKind::Public => query.reach.holds(room_id),
                    RoomKind::Private => query.reach.names(room_id) || (query.reach == Reach::All && member),
                }
            })
            .map(|(_, room)| room)
            .flat_map(|room| room.messages.values())
            .filter(|state| state.taken < below && !state.message.deleted)
            .filter(|state| holds(&state.message.content, &wanted))
            .collect();
        found.sort_by_key(|state| std::cmp::Reverse(state.taken));
        page(found.into_iter().map(|state| state.seen_by(&query.user_id)).collect(), limit)
    }

    pub(super) fn users(&self, prefix: &str, limit: usize) -> Page<UserRecord> {
        let prefix = prefix.to_lowercase();
        let seen = self.users.keys().filter_map(|user_id| self.user_record(user_id));
        let found = seen.filter(|user| {
            let name = user.name.as_deref().unwrap_or_default();
            [user.user_id.as_str(), name].iter().any(|text| text.to_lowercase().starts_with(&prefix))
        });
        page(found.collect(), limit)
    }
}

impl MessageState {
    /// The message with its reactions, in the order in which each emoji first came.
    fn seen_by(&self, user_id: &UserId) -> Message {
        let mut firsts: BTreeMap<&str, (u64, ReactionCount)> = BTreeMap::new();
        for ((emoji, user), seq) in &self.reactions {
            let count = ReactionCount { emoji: emoji.clone(), count: 0, mine: false };
            let (first, count) = firsts.entry(emoji).or_insert((*seq, count));
            *first = (*first).min(*seq);
            count.count += 1;
            count.mine |= user == user_id;
        }
        let mut reactions: Vec<(u64, ReactionCount)> = firsts.into_values().collect();
        reactions.sort_by_key(|(first, _)| *first);
        let reactions = reactions.into_iter().map(|(_, count)| count).collect();
        Message { reactions, ..self.message.clone() }
    }
}

/// Whether every word occurs, the last one as the beginning of a word.
fn holds(content: &str, wanted: &[String]) -> bool {
    let words: Vec<String> = all_words(content).collect();
    let Some((last, others)) = wanted.split_last() else { return false };
    others.iter().all(|word| words.contains(word)) && words.iter().any(|word| word.starts_with(last))
}
