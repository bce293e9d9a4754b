//! Names and presence of everybody that this client has heard of.

use std::collections::HashMap;

use tidings_protocol::UserId;
use tidings_protocol::data::Presence;
use tidings_protocol::entity::{Person, Status};

/// Most people that are remembered.
const MOST: usize = 10_000;

/// What is known of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The display name, where known.
    pub name: Option<String>,
    /// Online, away or offline.
    pub status: Status,
    /// When the user was last connected, in milliseconds since 1970.
    pub last_seen: Option<i64>,
    /// The turn in which the status was told.
    told: u64,
}

/// Everybody that this client has heard of.
#[derive(Clone, Debug, Default)]
pub struct People {
    known: HashMap<UserId, Known>,
    /// Grows with each list that is asked for.
    turn: u64,
}

impl People {
    /// What a user is called; the id where nothing else is known.
    #[must_use]
    pub fn name(&self, user: &UserId) -> String {
        self.known.get(user).and_then(|known| known.name.clone()).unwrap_or_else(|| user.to_string())
    }

    /// What the others see of a user.
    #[must_use]
    pub fn status(&self, user: &UserId) -> Status {
        self.known.get(user).map_or(Status::Offline, |known| known.status)
    }

    /// When a user was last connected.
    #[must_use]
    pub fn last_seen(&self, user: &UserId) -> Option<i64> {
        self.known.get(user).and_then(|known| known.last_seen)
    }

    /// A list of people is asked for; answers its turn.
    pub const fn ask(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }

    /// Somebody as the server shows them.
    pub fn person(&mut self, person: &Person) {
        self.told(&person.user_id, |known| {
            known.name = Some(person.name.clone());
            known.status = person.status;
        });
    }

    /// Somebody of a list that was asked for in `turn`. It may have been read before what was told since.
    pub fn person_since(&mut self, person: &Person, turn: u64) {
        if let Some(known) = self.entry(&person.user_id) {
            known.name = Some(person.name.clone());
            if known.told < turn {
                known.status = person.status;
            }
        }
    }

    /// A name was told along with something else.
    pub fn named(&mut self, user: &UserId, name: &str) {
        if let Some(known) = self.entry(user) {
            known.name = Some(name.to_owned());
        }
    }

    /// Somebody came, went, or is away.
    pub fn presence(&mut self, presence: &Presence) {
        self.told(&presence.user_id, |known| {
            known.status = presence.status;
            known.last_seen = Some(presence.last_seen.as_millis());
        });
    }

    /// Somebody came into a room or was lost from one.
    pub fn here(&mut self, user: &UserId, here: bool) {
        self.told(user, |known| {
            known.status = match (here, known.status) {
                (false, _) => Status::Offline,
                (true, Status::Offline) => Status::Online,
                (true, status) => status,
            };
        });
    }

    fn told(&mut self, user: &UserId, change: impl FnOnce(&mut Known)) {
        let turn = self.turn;
        if let Some(known) = self.entry(user) {
            change(known);
            known.told = turn;
        }
    }

    fn entry(&mut self, user: &UserId) -> Option<&mut Known> {
        if self.known.len() >= MOST && !self.known.contains_key(user) {
            return None;
        }
        Some(self.known.entry(user.clone()).or_insert(Known {
            name: None,
            status: Status::Offline,
            last_seen: None,
            told: 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coming_back_does_not_end_being_away() {
        let ann = UserId::new("ann").unwrap();
        let mut people = People::default();
        assert_eq!((people.name(&ann), people.status(&ann)), ("ann".to_owned(), Status::Offline));
        people.person(&Person { user_id: ann.clone(), name: "Ann".into(), status: Status::Away });
        people.here(&ann, true);
        assert_eq!((people.name(&ann), people.status(&ann)), ("Ann".to_owned(), Status::Away));
        people.here(&ann, false);
        people.here(&ann, true);
        assert_eq!(people.status(&ann), Status::Online);
    }

    #[test]
    fn a_list_does_not_undo_what_was_told_since_it_was_asked_for() {
        let ann = UserId::new("ann").unwrap();
        let listed = Person { user_id: ann.clone(), name: "Ann".into(), status: Status::Online };
        let mut people = People::default();
        let turn = people.ask();
        people.person_since(&listed, turn);
        assert_eq!(people.status(&ann), Status::Online);
        let turn = people.ask();
        people.here(&ann, false);
        people.person_since(&listed, turn);
        assert_eq!((people.name(&ann), people.status(&ann)), ("Ann".to_owned(), Status::Offline));
        let turn = people.ask();
        people.person_since(&listed, turn);
        assert_eq!(people.status(&ann), Status::Online);
    }
}
