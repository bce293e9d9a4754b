//! The PostgreSQL driver, for a cluster: one connection of each node writes, and a pool reads beside it.
//!
//! A batch is one transaction. `locks` takes the rows that order what is written, everywhere in one order, so that a seq is
//! dense and appears after all before it, whatever other nodes write meanwhile; then runs of appends and of markers are
//! done in bulk, each table by one statement. No head of a log is remembered from one batch to the next.

/// The columns of a message `m`, each by its name: a later version may add one while this one runs, and PostgreSQL then
/// refuses statements with a `*` that it has prepared before.
macro_rules! message_columns {
    () => {
        "m.message_id, m.room_id, m.seq, m.sender, m.sender_name, m.content, m.at, m.reply_to, m.client_id, \
         m.edited_at, m.deleted"
    };
}

mod append;
mod error;
mod heads;
mod history;
mod inboxes;
mod locks;
mod log;
mod markers;
mod notices;
mod notifications;
mod open;
mod prune;
mod revocations;
mod rooms;
mod row;
mod text;
mod users;
mod views;
mod writer;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::postgres::PgPool;
use tidings_protocol::entity::{Marker, Member, Message, Notification, Room};
use tidings_protocol::{Epoch, RoomId, UserId};

pub(super) use self::error::of_state;
pub use self::open::{OpenError, Options};
use self::writer::Writer;
use super::{
    Entry, History, HistoryPage, InboxEntry, Notice, NotificationHeads, NotificationPosition, Page, Reach,
    Refusal, RevocationRecord, Rooms, SearchQuery, Store, StoreError, UserRecord, Write, Written,
};

type Outcome = Result<Written, Refusal>;

/// A store in one PostgreSQL database, which other nodes may use at the same time.
#[derive(Debug)]
pub struct Postgres {
    writer: Writer,
    readers: PgPool,
    patience: Duration,
}

impl Postgres {
    /// Connects to the database that `url` names (`postgres://user:password@host:5432/tidings?sslmode=verify-full`)
    /// and brings its schema up to date.
    ///
    /// # Errors
    /// The URL is none, the database does not answer, or it would not keep what is promised.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        let (writer, readers) = open::open(url, options).await?;
        Ok(Self { writer, readers, patience: options.timeout })
    }

    /// Waits for the batch under way and closes all connections; later calls fail.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// A server that hangs must not hang its readers.
    async fn read<T>(&self, reading: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        tokio::time::timeout(self.patience, reading).await.unwrap_or_else(|_| Err(open::no_answer()))
    }
}

#[async_trait]
impl Store for Postgres {
    async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
        self.writer.commit(batch).await
    }

    async fn ticket_secret(&self) -> Result<SecretString, StoreError> {
        self.read(log::ticket_secret(&self.readers)).await
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        self.read(log::epoch(&self.readers)).await
    }

    async fn seen(&self, users: &[UserId]) -> Result<BTreeMap<UserId, UserRecord>, StoreError> {
        self.read(users::seen(&self.readers, users)).await
    }

    async fn rooms(&self, asked: &[(RoomId, UserId)]) -> Result<Rooms, StoreError> {
        self.read(views::rooms_by_id(&self.readers, asked)).await
    }

    async fn direct_room(&self, a: &UserId, b: &UserId) -> Result<Option<RoomId>, StoreError> {
        self.read(views::direct_room(&self.readers, a, b)).await
    }

    async fn direct_partners(
        &self,
        users: &[UserId],
        limit: u32,
    ) -> Result<BTreeMap<UserId, Vec<UserId>>, StoreError> {
        self.read(views::direct_partners(&self.readers, users, limit)).await
    }

    async fn room_view(&self, room: &RoomId, user: &UserId) -> Result<Option<Room>, StoreError> {
        self.read(views::room_view(&self.readers, room, user)).await
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        self.read(views::rooms_of(&self.readers, user, reach, after, limit)).await
    }

    async fn public_rooms(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        self.read(views::public_rooms(&self.readers, user, reach, after, limit)).await
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Page<Member>, StoreError> {
        self.read(views::members(&self.readers, room, after, limit)).await
    }

    async fn markers(
        &self,
        rooms: &[RoomId],
        limit: u32,
    ) -> Result<BTreeMap<RoomId, Vec<Marker>>, StoreError> {
        self.read(views::markers(&self.readers, rooms, limit)).await
    }

    async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(log::log(&self.readers, room, after, limit)).await
    }

    async fn direct_log(
        &self,
        room: &RoomId,
        member: &UserId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(log::direct_log(&self.readers, room, member, after, limit)).await
    }

    async fn inbox(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        self.read(log::inbox(&self.readers, user, after, limit)).await
    }

    async fn history(
        &self,
        room: &RoomId,
        user: &UserId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        self.read(history::history(&self.readers, room, user, page, limit)).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Page<Message>, StoreError> {
        self.read(history::search(&self.readers, query)).await
    }

    async fn users(&self, prefix: &str, limit: u32) -> Result<Page<UserRecord>, StoreError> {
        self.read(users::users(&self.readers, prefix, limit)).await
    }

    async fn heads(
        &self,
        rooms: &[tidings_protocol::RoomId],
        users: &[UserId],
    ) -> Result<super::Heads, StoreError> {
        self.read(heads::heads(&self.readers, rooms, users)).await
    }

    async fn outsiders(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<(RoomId, UserId)>, StoreError> {
        self.read(heads::outsiders(&self.readers, pairs)).await
    }

    async fn notification_heads(
        &self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError> {
        self.read(notices::heads(&self.readers, users)).await
    }

    async fn notices(
        &self,
        user: &UserId,
        after: NotificationPosition,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(notices::notices(&self.readers, user, after, limit)).await
    }

    async fn notifications(
        &self,
        user: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<(Page<Notification>, u64), StoreError> {
        self.read(notices::notifications(&self.readers, user, unread_only, before, limit)).await
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        self.read(revocations::changes(&self.readers, after, limit)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.read(log::epoch(&self.readers)).await?;
        self.writer.probe().await
    }
}

#[cfg(test)]
mod tests;
