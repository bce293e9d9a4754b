//! What is read for each session that opens, returns or comes into rooms, and for each change of a status: where thousands
//! do so at once, one reading answers many of them.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tidings_protocol::entity::Marker;
use tidings_protocol::limits::PEOPLE_LISTED;
use tidings_protocol::{RoomId, UserId};

use super::joined::{Answer, Crowd, Joined};
use super::shared::Shared;
use crate::metrics::Metrics;
use crate::store::{Entry, MemberRecord, NotificationHeads, RoomRecord, Store, StoreError, UserRecord};

/// Keys in one reading of single rows.
const ROWS: usize = 512;
/// Rooms in one reading of markers, each with those of [`PEOPLE_LISTED`] members.
const MARKED: usize = 128;
/// Users in one reading of direct partners, each with at most [`MAX_PARTNERS`].
pub(super) const PARTNERED: usize = 128;
/// Direct partners who are told of a user's presence.
const MAX_PARTNERS: u32 = 1_000;

/// A log, of which it is read where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Log {
    Room(RoomId),
    Inbox(UserId),
}

/// The joined readings of one node.
#[derive(Debug)]
pub struct Readings {
    seen: Joined<UserId, UserRecord>,
    rooms: Joined<(RoomId, UserId), (RoomRecord, Option<MemberRecord>)>,
    heads: Joined<Log, u64>,
    markers: Joined<RoomId, Vec<Marker>>,
    partners: Joined<UserId, Vec<UserId>>,
    notices: Joined<UserId, NotificationHeads>,
    pages: Shared<LogPage, Vec<Entry>>,
}

/// A page of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LogPage {
    room: RoomId,
    after: u64,
    limit: u32,
}

impl Readings {
    pub(super) fn new(store: &Arc<dyn Store>, metrics: &Arc<Metrics>) -> Self {
        let joins = Joins { store: Arc::clone(store), metrics: Arc::clone(metrics), crowd: Crowd::default() };
        Self {
            seen: joins.kind(ROWS, |store, users| async move { store.seen(&users).await }),
            rooms: joins.kind(ROWS, |store, asked| async move { store.rooms(&asked).await }),
            heads: joins.kind(ROWS, |store, logs| async move { heads(&*store, logs).await }),
            markers: joins.kind(MARKED, |store, rooms| async move {
                store.markers(&rooms, PEOPLE_LISTED as u32).await
            }),
            partners: joins.kind(PARTNERED, |store, users| async move {
                store.direct_partners(&users, MAX_PARTNERS).await
            }),
            notices: joins.kind(ROWS, |store, users| async move { store.notification_heads(&users).await }),
            pages: joins.pages(),
        }
    }

    /// A user that the server has seen.
    ///
    /// # Errors
    /// As [`Store::seen`].
    pub async fn user(&self, user: &UserId) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.seen.ask([user.clone()]).await?.get(user).cloned())
    }

    /// Those of these rooms that there are, each with the user's membership in it.
    ///
    /// # Errors
    /// As [`Store::rooms`].
    pub async fn rooms(
        &self,
        rooms: &[RoomId],
        user: &UserId,
    ) -> Result<BTreeMap<RoomId, (RoomRecord, Option<MemberRecord>)>, StoreError> {
        let asked: Vec<_> = rooms.iter().map(|room| (room.clone(), user.clone())).collect();
        let found = self.rooms.ask(asked.iter().cloned()).await?;
        let of = |pair: (RoomId, UserId)| found.get(&pair).cloned().map(|known| (pair.0, known));
        Ok(asked.into_iter().filter_map(of).collect())
    }

    /// Where these rooms stand, as far as there are such, and the user's inbox.
    ///
    /// # Errors
    /// As [`Store::heads`].
    pub async fn heads(
        &self,
        rooms: &[RoomId],
        user: &UserId,
    ) -> Result<(HashMap<RoomId, u64>, u64), StoreError> {
        let inbox = Log::Inbox(user.clone());
        let logs = rooms.iter().cloned().map(Log::Room).chain([inbox.clone()]);
        let found = self.heads.ask(logs).await?;
        let of = |room: &RoomId| Some((room.clone(), *found.get(&Log::Room(room.clone()))?));
        Ok((rooms.iter().filter_map(of).collect(), found.get(&inbox).copied().unwrap_or_default()))
    }

    /// How far the members of these rooms have read, as far as they are listed; of other rooms perhaps too.
    ///
    /// # Errors
    /// As [`Store::markers`].
    pub async fn markers(&self, rooms: &[RoomId]) -> Answer<RoomId, Vec<Marker>> {
        self.markers.ask(rooms.iter().cloned()).await
    }

    /// Whom each of these users has a direct room with, and perhaps some others too.
    ///
    /// # Errors
    /// As [`Store::direct_partners`].
    pub async fn partners(&self, users: &[UserId]) -> Answer<UserId, Vec<UserId>> {
        self.partners.ask(users.iter().cloned()).await
    }

    /// Where a user's notifications stand.
    ///
    /// # Errors
    /// As [`Store::notification_heads`].
    pub async fn notification_heads(&self, user: &UserId) -> Result<NotificationHeads, StoreError> {
        Ok(self.notices.ask([user.clone()]).await?.get(user).copied().unwrap_or_default())
    }

    /// As [`Store::log`].
    ///
    /// # Errors
    /// As [`Store::log`].
    pub async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Arc<Vec<Entry>>, StoreError> {
        self.pages.ask(LogPage { room: room.clone(), after, limit }).await
    }
}

/// What all kinds of readings are made with.
struct Joins {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    crowd: Crowd,
}

impl Joins {
    fn kind<K, V, F, R>(&self, most: usize, read: F) -> Joined<K, V>
    where
        K: Ord + Clone + Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(Arc<dyn Store>, Vec<K>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<BTreeMap<K, V>, StoreError>> + Send + 'static,
    {
        let (store, metrics) = (Arc::clone(&self.store), Arc::clone(&self.metrics));
        Joined::new(most, self.crowd.clone(), move |keys| {
            metrics.store_read();
            read(Arc::clone(&store), keys).boxed()
        })
    }

    fn pages(&self) -> Shared<LogPage, Vec<Entry>> {
        let (store, metrics) = (Arc::clone(&self.store), Arc::clone(&self.metrics));
        Shared::new(move |LogPage { room, after, limit }| {
            metrics.store_read();
            let store = Arc::clone(&store);
            async move { store.log(&room, after, limit).await }.boxed()
        })
    }
}

async fn heads(store: &dyn Store, logs: Vec<Log>) -> Result<BTreeMap<Log, u64>, StoreError> {
    let (mut rooms, mut users) = (Vec::new(), Vec::new());
    for log in logs {
        match log {
            Log::Room(room) => rooms.push(room),
            Log::Inbox(user) => users.push(user),
        }
    }
    let heads = store.heads(&rooms, &users).await?;
    let rooms = heads.rooms.into_iter().map(|(room, head)| (Log::Room(room), head));
    let inboxes = heads.users.into_iter().map(|(user, heads)| (Log::Inbox(user), heads.inbox));
    Ok(rooms.chain(inboxes).collect())
}
