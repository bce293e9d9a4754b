//! What a recheck asks the store: where logs stand, and who is in a private room no more.

use std::collections::HashSet;

use tidings_protocol::{RoomId, UserId};

use crate::hub::Hub;
use crate::store::{Heads, Store, StoreError};

/// Rooms, users, or pairs of both in one question to the store.
const CHUNK: usize = 500;

/// What is to be compared with the store.
#[derive(Default)]
pub(super) struct Unsure {
    pub(super) rooms: HashSet<RoomId>,
    pub(super) users: HashSet<UserId>,
}

impl Unsure {
    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.users.is_empty()
    }
}

/// What the store says.
pub(super) struct Found {
    pub(super) heads: Vec<Heads>,
    /// Private rooms, each with a user whose session is in it without being a member: an eviction was not heard.
    pub(super) outsiders: Vec<(RoomId, UserId)>,
}

/// Asks. Who is in a room here is read before the members are: whoever comes in has become one before.
pub(super) async fn ask(store: &dyn Store, hub: &Hub, unsure: &Unsure) -> Result<Found, StoreError> {
    let (rooms, users): (Vec<_>, Vec<_>) =
        (unsure.rooms.iter().cloned().collect(), unsure.users.iter().cloned().collect());
    let mut found = Found { heads: Vec::new(), outsiders: Vec::new() };
    for rooms in rooms.chunks(CHUNK) {
        found.heads.push(store.heads(rooms, &[]).await?);
    }
    for users in users.chunks(CHUNK) {
        found.heads.push(store.heads(&[], users).await?);
    }
    let private = found.heads.iter().flat_map(|heads| &heads.private);
    let inside: Vec<(RoomId, UserId)> =
        private.flat_map(|room| hub.users_in(room).into_iter().map(|user| (room.clone(), user))).collect();
    for pairs in inside.chunks(CHUNK) {
        found.outsiders.extend(store.outsiders(pairs).await?);
    }
    Ok(found)
}
