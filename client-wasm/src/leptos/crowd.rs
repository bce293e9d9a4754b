//! The people of one room: members, who is in it now, and how far each has read.

use std::collections::{BTreeSet, HashMap};

use tidings_protocol::UserId;
use tidings_protocol::data::RoomParticipants;
use tidings_protocol::entity::{Marker, Member};
use tidings_protocol::limits::MAX_PAGE;

/// Most markers kept for a room: the contract tells them only below this.
const MARKERS: usize = 1_000;

/// The people of one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Its members, by id: the first 200, and empty until they have been fetched.
    pub members: Vec<Member>,
    /// Users with a session in the room; the first 200.
    pub present: BTreeSet<UserId>,
    /// How many users have a session in the room.
    pub count: u64,
    markers: HashMap<UserId, (u64, u64)>,
    /// Who has left for good since the members were last read: the next answer may not know of it.
    left: BTreeSet<UserId>,
    reading: Reading,
}

/// Whether the members are being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Never,
    Idle,
    Running,
    /// And are to be read once more.
    Again,
}

impl Crowd {
    /// The answer to a join.
    pub fn joined(&mut self, answer: &RoomParticipants) {
        self.present = answer.participants.iter().cloned().collect();
        self.count = answer.count;
        self.left.clear();
        for Marker { user_id, read_seq, delivered_seq } in &answer.markers {
            self.marker(user_id, delivered_seq.unwrap_or(0), *read_seq);
        }
    }

    /// A user's first session came.
    pub fn came(&mut self, user: &UserId) {
        self.let_in(user);
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

    /// A user's membership has ended. Answers whether the members are known, now without that user.
    pub fn ended(&mut self, user: &UserId) -> bool {
        if self.left.len() < MARKERS {
            self.left.insert(user.clone());
        }
        let known = !self.members.is_empty();
        self.members.retain(|member| member.user_id != *user);
        known
    }

    /// A user has been made a member.
    pub fn let_in(&mut self, user: &UserId) {
        self.left.remove(user);
    }

    /// Whether anybody has asked who the members are: they are followed then.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.reading != Reading::Never
    }

    /// Whether a user is known as a member.
    #[must_use]
    pub fn is_member(&self, user: &UserId) -> bool {
        self.members.iter().any(|member| member.user_id == *user)
    }

    /// How many belong to the room. What the list of rooms said counts where the members are not all known: it is older.
    #[must_use]
    pub fn size(&self, listed: u64) -> u64 {
        let strangers = self.present.iter().filter(|user| !self.is_member(user)).count();
        let known = (self.members.len() + strangers) as u64;
        let is_whole = (1..MAX_PAGE as usize).contains(&self.members.len());
        known.max(self.count).max(if is_whole { 0 } else { listed })
    }

    /// The members are to be read; answers whether that begins now. What is asked for meanwhile is read once more.
    pub fn ask(&mut self) -> bool {
        let begins = matches!(self.reading, Reading::Never | Reading::Idle);
        self.reading = if begins { Reading::Running } else { Reading::Again };
        begins
    }

    /// The members as they were read; none where that failed. Answers whether they are to be read once more.
    pub fn read(&mut self, members: Option<Vec<Member>>) -> bool {
        if let Some(mut members) = members {
            members.retain(|member| !self.left.contains(&member.user_id));
            self.left.clear();
            self.members = members;
        }
        std::mem::replace(&mut self.reading, Reading::Idle) == Reading::Again
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
    use tidings_protocol::entity::Role;

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

    fn member(id: &str) -> Member {
        Member { user_id: UserId::new(id).unwrap(), name: id.into(), role: Role::Member }
    }

    #[test]
    fn who_left_while_the_members_were_read_is_not_brought_back() {
        let (ann, bob) = (UserId::new("ann").unwrap(), UserId::new("bob").unwrap());
        let mut crowd = Crowd::default();
        crowd.came(&ann);
        crowd.came(&bob);
        assert!(!crowd.is_followed() && crowd.ask() && crowd.is_followed());
        assert_eq!(crowd.size(7), 7);
        crowd.went(&bob);
        assert!(!crowd.ended(&bob), "nothing is known yet");
        assert!(!crowd.ask(), "one reading at a time");
        assert!(crowd.read(Some(vec![member("ann"), member("bob")])), "asked for meanwhile");
        assert_eq!(crowd.members, [member("ann")]);
        assert_eq!(crowd.size(7), 1, "the list of rooms is older");
        assert!(crowd.ask(), "and so it is read once more");
        assert!(!crowd.read(Some(vec![member("ann"), member("bob")])));
        assert_eq!(crowd.members.len(), 2, "let in again, the server says");
        assert!(crowd.ended(&bob));
        assert_eq!(crowd.members, [member("ann")]);
        crowd.came(&bob);
        assert_eq!(crowd.size(0), 2);
        assert!(crowd.ask());
        assert!(!crowd.read(Some(vec![member("ann"), member("bob")])));
        assert_eq!((crowd.members.len(), crowd.size(0)), (2, 2));
    }
}
