//! The SQLite driver: one writing connection, and a few that read beside it.
//!
//! A batch is one transaction and one sync. Runs of appends and of markers in it are done in bulk: the rows that
//! they touch are loaded, the outcome is worked out in memory, and each table is written by one statement,
//! whose rows are one JSON text.

mod append;
mod error;
mod heads;
mod history;
mod inboxes;
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

use async_trait::async_trait;
use secrecy::SecretString;
use sqlx::sqlite::SqlitePool;
use tidings_protocol::entity::{Marker, Member, Message, Notification, Room};
use tidings_protocol::{Epoch, RoomId, UserId};

pub(super) use self::error::of_code;
pub use self::open::{OpenError, Options};
use self::writer::Writer;
use super::{
    Entry, History, HistoryPage, InboxEntry, Notice, NotificationHeads, NotificationPosition, Page, Reach,
    Refusal, RevocationRecord, Rooms, SearchQuery, Store, StoreError, UserRecord, Write, Written,
};

/// A store in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens the file that `url` names (`sqlite://data/tidings.db`), makes it and its folder where they are not
    /// there, and brings its schema up to date.
    ///
    /// # Errors
    /// The URL names no file, the file is no database of ours or cannot be opened, or this SQLite would not keep
    /// what is promised.
    pub async fn open(url: &str, options: Options) -> Result<Self, OpenError> {
        let (writer, readers) = open::open(url, options).await?;
        Ok(Self { writer, readers })
    }

    /// Waits for the batch under way and closes the file; later calls fail.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn commit(&self, batch: Vec<Write>) -> Result<Vec<Result<Written, Refusal>>, StoreError> {
        self.writer.commit(batch).await
    }

    async fn ticket_secret(&self) -> Result<SecretString, StoreError> {
        log::ticket_secret(&self.readers).await
    }

    async fn epoch(&self) -> Result<Epoch, StoreError> {
        log::epoch(&self.readers).await
    }

    async fn seen(&self, users: &[UserId]) -> Result<BTreeMap<UserId, UserRecord>, StoreError> {
        users::seen(&self.readers, users).await
    }

    async fn rooms(&self, asked: &[(RoomId, UserId)]) -> Result<Rooms, StoreError> {
        views::rooms_by_id(&self.readers, asked).await
    }

    async fn direct_room(&self, a: &UserId, b: &UserId) -> Result<Option<RoomId>, StoreError> {
        views::direct_room(&self.readers, a, b).await
    }

    async fn direct_partners(
        &self,
        users: &[UserId],
        limit: u32,
    ) -> Result<BTreeMap<UserId, Vec<UserId>>, StoreError> {
        views::direct_partners(&self.readers, users, limit).await
    }

    async fn room_view(&self, room: &RoomId, user: &UserId) -> Result<Option<Room>, StoreError> {
        views::room_view(&self.readers, room, user).await
    }

    async fn rooms_of(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        views::rooms_of(&self.readers, user, reach, after, limit).await
    }

    async fn public_rooms(
        &self,
        user: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: u32,
    ) -> Result<Page<Room>, StoreError> {
        views::public_rooms(&self.readers, user, reach, after, limit).await
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Page<Member>, StoreError> {
        views::members(&self.readers, room, after, limit).await
    }

    async fn markers(
        &self,
        rooms: &[RoomId],
        limit: u32,
    ) -> Result<BTreeMap<RoomId, Vec<Marker>>, StoreError> {
        views::markers(&self.readers, rooms, limit).await
    }

    async fn log(&self, room: &RoomId, after: u64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        log::log(&self.readers, room, after, limit).await
    }

    async fn direct_log(
        &self,
        room: &RoomId,
        member: &UserId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<InboxEntry>, StoreError> {
        log::direct_log(&self.readers, room, member, after, limit).await
    }

    async fn inbox(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<InboxEntry>, StoreError> {
        log::inbox(&self.readers, user, after, limit).await
    }

    async fn history(
        &self,
        room: &RoomId,
        user: &UserId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<History, StoreError> {
        history::history(&self.readers, room, user, page, limit).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Page<Message>, StoreError> {
        history::search(&self.readers, query).await
    }

    async fn users(&self, prefix: &str, limit: u32) -> Result<Page<UserRecord>, StoreError> {
        users::users(&self.readers, prefix, limit).await
    }

    async fn heads(&self, rooms: &[RoomId], users: &[UserId]) -> Result<super::Heads, StoreError> {
        heads::heads(&self.readers, rooms, users).await
    }

    async fn outsiders(&self, pairs: &[(RoomId, UserId)]) -> Result<Vec<(RoomId, UserId)>, StoreError> {
        heads::outsiders(&self.readers, pairs).await
    }

    async fn notification_heads(
        &self,
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, NotificationHeads>, StoreError> {
        notices::heads(&self.readers, users).await
    }

    async fn notices(
        &self,
        user: &UserId,
        after: NotificationPosition,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        notices::notices(&self.readers, user, after, limit).await
    }

    async fn notifications(
        &self,
        user: &UserId,
        unread_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<(Page<Notification>, u64), StoreError> {
        notices::notifications(&self.readers, user, unread_only, before, limit).await
    }

    async fn revocations(&self, after: u64, limit: u32) -> Result<Vec<RevocationRecord>, StoreError> {
        revocations::changes(&self.readers, after, limit).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        log::epoch(&self.readers).await?;
        self.writer.probe().await
    }
}

#[cfg(test)]
mod tests;
