//! The people of one room: members, who is in it now, and how far each has read.

use std::collections::{BTreeSet, HashMap};

use tidings_protocol::UserId;
use tidings_protocol::data::RoomParticipants;
use tidings_protocol::entity::{Marker, Member};

/// Most markers kept for a room: the contract tells them only below this.
const MARKERS: usize = 1_000;

/// The people of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Its members, by id; empty until they have been fetched.
    pub members: Vec<Member>,
    /// Users with a session in the room; the first 200.
    pub present: BTreeSet<UserId>,
    /// How many users have a session in the room.
    pub count: u64,
    markers: HashMap<UserId, (u64, u64)>,
}

impl Crowd {
    /// The answer to a join.
    pub fn joined(&mut self, answer: &RoomParticipants) {
        self.present = answer.participants.iter().cloned().collect();
        self.count = answer.count;
        for Marker { user_id, read_seq, delivered_seq } in &answer.markers {
            self.marker(user_id, delivered_seq.unwrap_or(0), *read_seq);
        }
    }

    /// A user's first session came.
    pub fn came(&mut self, user: &UserId) {
        if self.present.insert(user.clone()) {
            self.count += 1;
        }
    }

    /// A user's last session went.
    pub fn went(&mut self, user: &UserId) {
        if self.present.remove(user) {
            self.count = self.count.saturating_sub(1);
        }
    }

    /// A marker moved; it never moves back.
    pub fn marker(&mut self, user: &UserId, delivered: u64, read: u64) {
        if self.markers.len() >= MARKERS && !self.markers.contains_key(user) {
            return;
        }
        let old = self.markers.entry(user.clone()).or_default();
        *old = (old.0.max(delivered).max(read), old.1.max(read));
    }

    /// The markers of all but one user, as (delivered, read).
    #[must_use]
    pub fn others(&self, me: &UserId) -> Vec<(u64, u64)> {
        self.markers.iter().filter(|(user, _)| *user != me).map(|(_, marker)| *marker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_never_go_back_and_reading_includes_delivery() {
        let ann = UserId::new("ann").unwrap();
        let me = UserId::new("me").unwrap();
        let mut crowd = Crowd::default();
        crowd.marker(&ann, 5, 3);
        crowd.marker(&ann, 0, 7);
        crowd.marker(&ann, 6, 2);
        crowd.marker(&me, 9, 9);
        assert_eq!(crowd.others(&me), [(7, 7)]);
    }

    #[test]
    fn coming_twice_counts_once() {
        let ann = UserId::new("ann").unwrap();
        let mut crowd = Crowd::default();
        crowd.came(&ann);
        crowd.came(&ann);
        assert_eq!(crowd.count, 1);
        crowd.went(&ann);
        crowd.went(&ann);
        assert_eq!(crowd.count, 0);
    }
}
