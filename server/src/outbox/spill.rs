//! What a full outbox gives back to the logs: in place of the entries that wait, only how far each log reaches. The session
//! reads them from there, page by page, as fast as its transport takes them.

use std::collections::{BTreeMap, VecDeque};

use super::{Head, Item, Slot};

/// The logs whose entries were given back.
#[derive(Debug, Default)]
struct Heads {
    rooms: BTreeMap<Slot, u64>,
    inbox: u64,
    own: u64,
    broadcast: u64,
}

/// Takes the entries out; what no log holds stays, in its order.
pub(super) fn spill(queue: VecDeque<Item>) -> VecDeque<Item> {
    let mut heads = Heads::default();
    let mut left: VecDeque<Item> = queue.into_iter().filter_map(|item| heads.take_in(item)).collect();
    left.extend(heads.items());
    left
}

impl Heads {
    fn take_in(&mut self, item: Item) -> Option<Item> {
        match item {
            Item::Entry { slot, seq, .. } | Item::Head(Head::Room(slot, seq)) => {
                let head = self.rooms.entry(slot).or_default();
                *head = seq.max(*head);
            }
            Item::Inbox { inbox_seq, .. } | Item::Head(Head::Inbox(inbox_seq)) => {
                self.inbox = self.inbox.max(inbox_seq);
            }
            Item::Notice { seq, broadcast: true, .. } => self.broadcast = self.broadcast.max(seq),
            Item::Notice { seq, broadcast: false, .. } => self.own = self.own.max(seq),
            Item::Head(Head::Notices { own, broadcast }) => {
                self.own = self.own.max(own);
                self.broadcast = self.broadcast.max(broadcast);
            }
            other @ (Item::NoticeState(_) | Item::Signal { .. } | Item::Evict { .. }) => return Some(other),
        }
        None
    }

    fn items(self) -> impl Iterator<Item = Item> {
        let Self { rooms, inbox, own, broadcast } = self;
        let rooms = rooms.into_iter().map(|(slot, seq)| Head::Room(slot, seq));
        let inbox = (inbox > 0).then_some(Head::Inbox(inbox));
        let notices = (own > 0 || broadcast > 0).then_some(Head::Notices { own, broadcast });
        rooms.chain(inbox).chain(notices).map(Item::Head)
    }
}
