//! A batch cut into runs: writes of one kind that stand beside each other are done together.

use std::collections::BTreeSet;

use tidings_protocol::{RoomId, UserId};

use super::{Append, Write};

/// Writes that are done together.
pub(super) enum Run {
    Appends(Vec<Append>),
    Moves(Vec<Move>),
    Inboxes(Reaches),
    Single(Write),
}

/// A marker that is to move.
pub(super) struct Move {
    pub(super) room_id: RoomId,
    pub(super) user_id: UserId,
    pub(super) seq: u64,
    /// The read marker; else the delivered one.
    pub(super) read: bool,
}

/// Parts of inboxes that have been delivered, no user twice: above one position and up to another.
#[derive(Default)]
pub(super) struct Reaches {
    users: BTreeSet<UserId>,
    parts: Vec<(UserId, u64, u64)>,
}

impl Reaches {
    /// The parts, in the order of the writes.
    pub(super) fn parts(&self) -> &[(UserId, u64, u64)] {
        &self.parts
    }

    /// Takes one more; gives it back where the user is here already, and so what this one passes depends on the
    /// other.
    fn add(&mut self, user: UserId, after: u64, upto: u64) -> Result<(), (UserId, u64, u64)> {
        if !self.users.insert(user.clone()) {
            return Err((user, after, upto));
        }
        self.parts.push((user, after, upto));
        Ok(())
    }
}

/// The batch in the same order, in as few runs as can be.
pub(super) fn runs(batch: Vec<Write>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for write in batch {
        let rest = match runs.last_mut() {
            Some(run) => run.take(write),
            None => Some(write),
        };
        runs.extend(rest.map(Run::begin));
    }
    runs
}

impl Run {
    fn begin(write: Write) -> Self {
        let empty = [Self::Appends(Vec::new()), Self::Moves(Vec::new()), Self::Inboxes(Reaches::default())];
        let mut write = write;
        for mut run in empty {
            match run.take(write) {
                None => return run,
                Some(back) => write = back,
            }
        }
        Self::Single(write)
    }

    /// Takes one more write, or gives it back where it begins another run.
    fn take(&mut self, write: Write) -> Option<Write> {
        match (self, write) {
            (Self::Appends(appends), Write::Append(append)) => appends.push(append),
            (Self::Moves(moves), Write::Read { room_id, user_id, seq }) => {
                moves.push(Move { room_id, user_id, seq, read: true });
            }
            (Self::Moves(moves), Write::Delivered { room_id, user_id, seq }) => {
                moves.push(Move { room_id, user_id, seq, read: false });
            }
            (Self::Inboxes(reaches), Write::InboxDelivered { user_id, after, inbox_seq }) => {
                let back = reaches.add(user_id, after, inbox_seq).err();
                return back.map(|(user_id, after, inbox_seq)| Write::InboxDelivered {
                    user_id,
                    after,
                    inbox_seq,
                });
            }
            (_, write) => return Some(write),
        }
        None
    }
}
