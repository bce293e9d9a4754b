//! One node's way to the log that all nodes share: commits and reads take a moment, and a node may die around a commit
//! or be cut off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tidings_protocol::entity::{Marker, Member, Message, Notification, Room};
use tidings_protocol::{Epoch, RoomId, UserId};
use tidings_server::store::memory::Memory;
use tidings_server::store::{
    Entry, Heads, History, HistoryPage, InboxEntry, Notice, NotificationHeads, NotificationPosition, Page,
    Reach, Refusal, RevocationRecord, Rooms, SearchQuery, Store, StoreError, UserRecord, Write, Written,
};
use tokio::time::sleep;

use super::fate::{Fate, Moment};

/// How long a node waits for a log that it cannot reach.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Way {
    pub(super) log: Arc<Memory>,
    pub(super) fate: Fate,
}

impl Way {
    /// A moment, and whether the log is reached. A node that has died never hears of it.
    async fn pass(&self, most: u64) -> Result<(), StoreError> {
        self.fate.moment(most).await;
        if self.fate.is_cut_off() {
            sleep(PATIENCE).await;
            self.fate.moment(0).await;
            return Err(StoreError::Unavailable("it cannot be reached".to_owned()));
        }
        Ok(())
    }
}

/// Reads, each after a moment.
macro_rules! reads {
    ($(fn $name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {
        #[async_trait]
        impl Store for Way {
            async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
                self.pass(10).await?;
                self.fate.at(Moment::BeforeCommit).await;
                let done = self.log.commit(batch).await?;
                self.fate.at(Moment::AfterCommit).await;
                self.pass(5).await?;
                Ok(done)
            }

            $(async fn $name(&self, $($arg: $type),*) -> Result<$out, StoreError> {
                self.pass(3).await?;
                self.log.$name($($arg),*).await
            })*
        }
    };
}

reads! {
    fn epoch() -> Epoch;
    fn ticket_secret() -> SecretString;
    fn seen(users: &[UserId]) -> BTreeMap<UserId, UserRecord>;
    fn rooms(asked: &[(RoomId, UserId)]) -> Rooms;
    fn direct_room(a: &UserId, b: &UserId) -> Option<RoomId>;
    fn direct_partners(users: &[UserId], limit: u32) -> BTreeMap<UserId, Vec<UserId>>;
    fn room_view(room: &RoomId, user: &UserId) -> Option<Room>;
    fn rooms_of(user: &UserId, reach: &Reach, after: Option<&RoomId>, limit: u32) -> Page<Room>;
    fn public_rooms(user: &UserId, reach: &Reach, after: Option<&RoomId>, limit: u32) -> Page<Room>;
    fn members(room: &RoomId, after: Option<&UserId>, limit: u32) -> Page<Member>;
    fn markers(rooms: &[RoomId], limit: u32) -> BTreeMap<RoomId, Vec<Marker>>;
    fn log(room: &RoomId, after: u64, limit: u32) -> Vec<Entry>;
    fn direct_log(room: &RoomId, member: &UserId, after: u64, limit: u32) -> Vec<InboxEntry>;
    fn inbox(user: &UserId, after: u64, limit: u32) -> Vec<InboxEntry>;
    fn history(room: &RoomId, user: &UserId, page: HistoryPage, limit: u32) -> History;
    fn search(query: &SearchQuery) -> Page<Message>;
    fn users(prefix: &str, limit: u32) -> Page<UserRecord>;
    fn heads(rooms: &[RoomId], users: &[UserId]) -> Heads;
    fn outsiders(pairs: &[(RoomId, UserId)]) -> Vec<(RoomId, UserId)>;
    fn notification_heads(users: &[UserId]) -> BTreeMap<UserId, NotificationHeads>;
    fn notices(user: &UserId, after: NotificationPosition, limit: u32) -> Vec<Notice>;
    fn notifications(user: &UserId, unread_only: bool, before: Option<&str>, limit: u32) -> (Page<Notification>, u64);
    fn revocations(after: u64, limit: u32) -> Vec<RevocationRecord>;
    fn check() -> ();
}
