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
}

/// Everybody that this client has heard of.
#[derive(Clone, Debug, Default)]
pub struct People(HashMap<UserId, Known>);

impl People {
    /// What a user is called; the id where nothing else is known.
    #[must_use]
    pub fn name(&self, user: &UserId) -> String {
        self.0.get(user).and_then(|known| known.name.clone()).unwrap_or_else(|| user.to_string())
    }

    /// What the others see of a user.
    #[must_use]
    pub fn status(&self, user: &UserId) -> Status {
        self.0.get(user).map_or(Status::Offline, |known| known.status)
    }

    /// When a user was last connected.
    #[must_use]
    pub fn last_seen(&self, user: &UserId) -> Option<i64> {
        self.0.get(user).and_then(|known| known.last_seen)
    }

    /// Somebody as the server shows them.
    pub fn person(&mut self, person: &Person) {
        if let Some(known) = self.entry(&person.user_id) {
            known.name = Some(person.name.clone());
            known.status = person.status;
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
        if let Some(known) = self.entry(&presence.user_id) {
            known.status = presence.status;
            known.last_seen = Some(presence.last_seen.as_millis());
        }
    }

    /// Somebody came into a room or was lost from one.
    pub fn here(&mut self, user: &UserId, here: bool) {
        if let Some(known) = self.entry(user) {
            known.status = match (here, known.status) {
                (false, _) => Status::Offline,
                (true, Status::Offline) => Status::Online,
                (true, status) => status,
            };
        }
    }

    fn entry(&mut self, user: &UserId) -> Option<&mut Known> {
        if self.0.len() >= MOST && !self.0.contains_key(user) {
            return None;
        }
        Some(self.0.entry(user.clone()).or_insert(Known {
            name: None,
            status: Status::Offline,
            last_seen: None,
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
}
