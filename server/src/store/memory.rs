//! The in-memory driver: for tests and simulation, and the model that every other driver is compared with. It
//! looks everything up the plain way and keeps no index that could go wrong.

mod append;
mod heads;
mod membership;
mod notification;
mod reads;
mod revocations;
mod state;
mod views;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::SecretString;
use tidings_protocol::entity::{Marker, Member, Message, Notification, Room};
use tidings_protocol::{Epoch, RoomId, UserId};

use self::state::State;
use super::{
    Entry, History, HistoryPage, InboxEntry, Notice, NotificationHeads, NotificationPosition, Page, Reach,
    Refusal, RevocationRecord, Rooms, SearchQuery, Store, StoreError, UserRecord, Write, Written,
};

/// A store that lives as long as the value does.
#[derive(Debug)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    failing: Option<StoreError>,
}

impl Memory {
    /// An empty store whose log is named `epoch`.
    #[must_use]
    pub fn new(epoch: Epoch) -> Self {
        Self { inner: Mutex::new(Inner { state: State::new(epoch), failing: None }) }
    }

    /// Makes every write fail with `error` until this is called with `None`; reads go on.
    pub fn fail_writes(&self, error: Option<StoreError>) {
        self.lock().failing = error;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        Ok(read(&self.lock().state))
    }
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
        let mut inner = self.lock();
        if let Some(error) = &inner.failing {
            return Err(error.clone());
        }
        Ok(batch.into_iter().map(|write| inner.state.write(write)).collect())
    }

    async fn ticket_secret(&self) -> Result<SecretString, StoreError> {
        self.read(|state| state.ticket_secret.clone())
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.read(|state| state.epoch.clone())
    }

    async fn seen(&self, users: &[UserId]) -> Result<BTreeMap<UserId, UserRecord>, StoreError> {
        self.read(|state| {
            let seen = users.iter().filter_map(|user| Some((user.clone(), state.user_record(user)?)));
            seen.collect()
        })
    }

    async fn rooms(&self, asked: &[(RoomId, UserId)]) -> Result<Rooms, StoreError> {
        self.read(|state| {
            let found = |pair: &(RoomId, UserId)| state.room_and_member(&pair.0, &pair.1);
            asked.iter().filter_map(|pair| Some((pair.clone(), found(pair)?))).collect()
        })
    }

    async fn direct_room(&self, a: &UserId, b: &UserId) -> Result<Option<RoomId>, StoreError> {
        self.read(|state| state.direct_room(a, b))
    }

    async fn direct_partners(
        &self,
        users: &[UserId],
        limit: u32,
    ) -> Result<BTreeMap<UserId, Vec<UserId>>, StoreError> {
        self.read(|state| {
            let of_each =
                users.iter().map(|user| (user.clone(), state.direct_partners(user, limit as usize)));
            of_each.filter(|(_, partners)| !partners.is_empty()).collect()
        })
    }

    async fn room_view(&self, room: &RoomId, user: &UserId) -> Result<Option<Room>, StoreError> {
        self.read(|state| state.room_view(room, user))
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        self.read(|state| state.rooms_of(user, reach, after, limit as usize))
    }

    async fn public_rooms(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        self.read(|state| state.public_rooms(user, reach, after, limit as usize))
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Page<Member>, StoreError> {
        self.read(|state| state.members(room, after, limit as usize))
    }

    async fn markers(
        &self,
        rooms: &[RoomId],
        limit: u32,
    ) -> Result<BTreeMap<RoomId, Vec<Marker>>, StoreError> {
        self.read(|state| {
            let of_each = rooms.iter().map(|room| (room.clone(), state.markers(room, limit as usize)));
            of_each.filter(|(_, markers)| !markers.is_empty()).collect()
        })
    }

    async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(|state| state.log(room, after, limit as usize))
    }

    async fn direct_log(
        &self,
        room: &RoomId,
        member: &UserId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(|state| state.direct_log(room, member, after, limit as usize))
    }

    async fn inbox(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(|state| state.inbox(user, after, limit as usize))
    }

    async fn history(
        &self,
        room: &RoomId,
        user: &UserId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        self.read(|state| state.history(room, user, page, limit as usize))
    }

    async fn search(&self, query: &SearchQuery) -> Result<Page<Message>, StoreError> {
        self.read(|state| state.search(query))
    }

    async fn users(&self, prefix: &str, limit: u32) -> Result<Page<UserRecord>, StoreError> {
        self.read(|state| state.users(prefix, limit as usize))
    }

    async fn heads(&self, rooms: &[RoomId], users: &[UserId]) -> Result<super::Heads, StoreError> {
        self.read(|state| state.heads(rooms, users))
    }

    async fn outsiders(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<(RoomId, UserId)>, StoreError> {
        self.read(|state| state.outsiders(pairs))
    }

    async fn notification_heads(
        &self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError> {
        self.read(|state| users.iter().map(|user| (user.clone(), state.notification_heads(user))).collect())
    }

    async fn notices(
        &self,
        user: &UserId,
        after: NotificationPosition,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(|state| state.notices(user, after, limit as usize))
    }

    async fn notifications(
        &self,
        user: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<(Page<Notification>, u64), StoreError> {
        self.read(|state| state.notifications(user, unread_only, before, limit as usize))
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        self.read(|state| state.revocation_changes(after, limit as usize))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.lock().failing.clone().map_or(Ok(()), Err)
    }
}
