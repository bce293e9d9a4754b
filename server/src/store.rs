//! The durable log: the [`Store`] trait, what is written through it and what is read from it.
//!
//! Whatever [`Store::commit`] has answered survives `kill -9` and a power cut. One call is one transaction, so
//! the writer in [`crate::node`] puts everything that waits into one call and pays for one sync.
//!
//! Drivers: [`sqlite`], [`postgres`] for a cluster and, for tests and simulation, [`memory`]; each passes the one conformance suite.

use std::collections::BTreeMap;
use std::slice;

use async_trait::async_trait;
use secrecy::SecretString;
use tidings_protocol::entity::{Marker, Member, Message, Notification, Room};
use tidings_protocol::{Epoch, RoomId, UserId};

mod change;
mod columns;
#[cfg(test)]
mod conformance;
mod failure;
mod fingerprint;
mod heads;
pub mod memory;
mod merge;
mod outcome;
mod plan;
pub mod postgres;
mod record;
mod revocation;
mod runs;
pub mod sqlite;
mod words;

pub use self::change::{Append, Change, NewBroadcast, NewNotification, Target, Which, Write};
pub use self::heads::{Heads, UserHeads};
pub(crate) use self::merge::merge_notices;
pub use self::outcome::{Appended, DeliveredMessage, Refusal, StoreError, Written};
pub use self::record::{
    Entry, EntryBody, History, HistoryPage, InboxEntry, MemberRecord, Notice, NotificationHeads,
    NotificationPosition, Page, Reach, RoomMatch, RoomRecord, SearchQuery, UserRecord,
};
pub use self::revocation::{MAX_REVOCATIONS, Revocation, RevocationRecord, Subject, TokenId};
pub(crate) use self::words::search_words;

/// Most messages that one [`Written::Delivered`] lists.
pub const DELIVERED_LISTED: usize = 1_000;

/// Rooms, each with the membership in it of the user beside it.
pub type Rooms = BTreeMap<(RoomId, UserId), (RoomRecord, Option<MemberRecord>)>;

/// The two members of a direct room, the lesser id first.
pub(crate) fn pair(a: &UserId, b: &UserId) -> [UserId; 2] {
    if a <= b { [a.clone(), b.clone()] } else { [b.clone(), a.clone()] }
}

/// The durable log. Every method may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Does all of `batch` in one transaction, in order, synced before this returns. A refused write leaves the
    /// others as they are.
    ///
    /// # Errors
    /// The store could not commit: nothing of the batch was written.
    async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError>;

    /// The name of the log.
    async fn epoch(&self) -> Result<Epoch, StoreError>;

    /// A secret that the log was begun with, 32 random bytes or more: all who open it sign tickets alike by it.
    async fn ticket_secret(&self) -> Result<SecretString, StoreError>;

    /// Those of these users that the server has seen, in one reading.
    async fn seen(&self, users: &[UserId]) -> Result<BTreeMap<UserId, UserRecord>, StoreError>;

    /// A room, and the user's membership in it.
    async fn room(
        &self,
        room: &RoomId,
        user: &UserId,
    ) -> Result<Option<(RoomRecord, Option<MemberRecord>)>, StoreError> {
        let asked = (room.clone(), user.clone());
        Ok(self.rooms(slice::from_ref(&asked)).await?.remove(&asked))
    }

    /// Those of these rooms that there are, each with the membership of the user beside it, in one reading.
    async fn rooms(&self, asked: &[(RoomId, UserId)]) -> Result<Rooms, StoreError>;

    /// The direct room of two users, where there is one.
    async fn direct_room(&self, a: &UserId, b: &UserId) -> Result<Option<RoomId>, StoreError>;

    /// Everybody whom each of these users has a direct room with, by id, in one reading; of each user at most `limit`.
    /// Users without any are left out.
    async fn direct_partners(
        &self,
        users: &[UserId],
        limit: u32,
    ) -> Result<BTreeMap<UserId, Vec<UserId>>, StoreError>;

    /// A room as the user sees it, with last message, unread count and, for a direct room, the peer. `None` where
    /// there is none, and for a private or direct room of which the user is not a member. Who is not a member of a
    /// public room has read all of it.
    async fn room_view(&self, room: &RoomId, user: &UserId) -> Result<Option<Room>, StoreError>;

    /// The rooms that the user is a member of and that are within reach, by id.
    async fn rooms_of(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError>;

    /// The public rooms within reach as the user sees them, by id.
    async fn public_rooms(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError>;

    /// A room's members, by id.
    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Page<Member>, StoreError>;

    /// How far the members of these rooms have read, by id, in one reading; of each room at most `limit`. Rooms without
    /// members are left out.
    async fn markers(
        &self,
        rooms: &[RoomId],
        limit: u32,
    ) -> Result<BTreeMap<RoomId, Vec<Marker>>, StoreError>;

    /// Entries of a room's log above `after`, in order; at most `limit`.
    async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;

    /// Entries of a direct room's log above `after`, in order, each with the position that it has in this member's
    /// inbox; at most `limit`. Of any other room there are none.
    async fn direct_log(
        &self,
        room: &RoomId,
        member: &UserId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, StoreError>;

    /// Entries of a user's inbox above `after`, in order; at most `limit`.
    async fn inbox(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<InboxEntry>, StoreError>;

    /// Messages of a room in `seq` order, in their present state, with reactions as `user` sees them.
    async fn history(
        &self,
        room: &RoomId,
        user: &UserId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError>;

    /// Messages that the user may read and that hold every word, the last taken by the store first. Deleted ones
    /// are not found, and nothing is found by a text without words or before a message that is not there.
    async fn search(&self, query: &SearchQuery) -> Result<Page<Message>, StoreError>;

    /// Users whose id or name begins with `prefix` (ignoring case), by id.
    async fn users(&self, prefix: &str, limit: u32) -> Result<Page<UserRecord>, StoreError>;

    /// Where many logs stand, in one reading: those of `rooms`, those of `users`, and the broadcasts.
    async fn heads(&self, rooms: &[RoomId], users: &[UserId]) -> Result<Heads, StoreError>;

    /// Of these rooms and users, those where the user is no member of the room.
    async fn outsiders(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<(RoomId, UserId)>, StoreError>;

    /// Where the notifications of each of these users stand, in one reading; also of one who was never seen.
    async fn notification_heads(
        &self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError>;

    /// What a user's stream shows above a position: own notifications and broadcasts merged by time (own ones
    /// first), each of them in its own order; at most `limit`. Deleted ones and broadcasts from before the user
    /// was first seen are left out.
    async fn notices(
        &self,
        user: &UserId,
        after: NotificationPosition,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError>;

    /// A user's notifications, newest first, with the number of all that are unread. `before` is a notification's
    /// id; before one that is not there, there is nothing.
    async fn notifications(
        &self,
        user: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<(Page<Notification>, u64), StoreError>;

    /// Changes of revocations after a revision, in their order, the last change of each subject alone; at most
    /// `limit`. A revision that is not there yet never appears below one that was read.
    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError>;

    /// Whether the store answers and can write.
    async fn check(&self) -> Result<(), StoreError>;
}
