//! What the cases are written with: short names for users, rooms and writes.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Map;
use tempfile::TempDir;
use tidings_protocol::entity::{Marker, RoomKind};
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, Timestamp, UserId};

use tidings_testbed::postgres::Database;

use crate::store::memory::Memory;
use crate::store::postgres::{self, Postgres};
use crate::store::sqlite::{Options, Sqlite};
use crate::store::{
    Append, Appended, Change, NewBroadcast, NewNotification, NotificationHeads, Refusal, Store, Target,
    UserRecord, Write, Written,
};

/// An empty store, and what must outlive it.
pub(crate) struct Fixture {
    pub(crate) store: Box<dyn Store>,
    _folder: Option<TempDir>,
    _database: Option<Database>,
}

impl Fixture {
    pub(crate) async fn memory() -> Self {
        let store = Box::new(Memory::new(Epoch::new("first").unwrap()));
        Self { store, _folder: None, _database: None }
    }

    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Sqlite::open(&url(&folder), Options::default()).await.unwrap();
        Self { store: Box::new(store), _folder: Some(folder), _database: None }
    }

    pub(crate) async fn postgres() -> Self {
        let database = Database::create().unwrap();
        let store = Postgres::open(&database.url(), postgres::Options::default()).await.unwrap();
        Self { store: Box::new(store), _folder: None, _database: Some(database) }
    }
}

/// The URL of the one database in a folder.
pub(crate) fn url(folder: &TempDir) -> String {
    format!("sqlite://{}", folder.path().join("tidings.db").display())
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(crate) fn room(name: &str) -> RoomId {
    RoomId::new(name).unwrap()
}

pub(crate) fn message(name: &str) -> MessageId {
    MessageId::new(name).unwrap()
}

pub(crate) fn key(name: &str) -> Option<ClientId> {
    Some(ClientId::new(name).unwrap())
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

pub(crate) fn text(content: &str) -> Change {
    Change::Message { content: content.into(), reply_to: None }
}

pub(crate) fn edit(of: &MessageId, content: &str) -> Change {
    Change::Edit { message_id: of.clone(), content: content.into() }
}

pub(crate) fn delete(of: &MessageId) -> Change {
    Change::Delete { message_id: of.clone() }
}

pub(crate) fn react(to: &MessageId, emoji: &str) -> Change {
    Change::React { message_id: to.clone(), emoji: emoji.into(), remove: false }
}

pub(crate) fn unreact(to: &MessageId, emoji: &str) -> Change {
    Change::React { message_id: to.clone(), emoji: emoji.into(), remove: true }
}

/// A store, and the ids and times that are given to it: `m1`, `m2` …, one millisecond apart.
pub(crate) struct Kit<'s> {
    pub(crate) store: &'s dyn Store,
    given: AtomicU64,
}

impl<'s> Kit<'s> {
    pub(crate) fn new(store: &'s dyn Store) -> Self {
        Self::after(store, 0)
    }

    /// For a store that has been given ids before.
    pub(crate) fn after(store: &'s dyn Store, given: u64) -> Self {
        Self { store, given: AtomicU64::new(given) }
    }

    fn next(&self) -> u64 {
        self.given.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) async fn all(&self, batch: Vec<Write>) -> Vec<Result<Written, Refusal>> {
        self.store.commit(batch).await.unwrap()
    }

    pub(crate) async fn one(&self, write: Write) -> Result<Written, Refusal> {
        let mut outcomes = self.all(vec![write]).await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    pub(crate) fn asked(&self, sender: &str, target: Target, change: Change) -> Append {
        let n = self.next();
        Append {
            sender: user(sender),
            sender_name: None,
            client_id: None,
            at: at(n.cast_signed()),
            new_id: message(&format!("m{n}")),
            target,
            change,
        }
    }

    pub(crate) fn in_room(&self, sender: &str, to: &str, change: Change) -> Append {
        self.asked(sender, Target::Room(room(to)), change)
    }

    pub(crate) fn to_user(&self, sender: &str, to: &str, change: Change) -> Append {
        self.asked(sender, Target::Direct(user(to)), change)
    }

    pub(crate) async fn append(&self, append: Append) -> Result<Appended, Refusal> {
        let written = self.one(Write::Append(append)).await?;
        let Written::Appended(appended) = written else { panic!("not an append: {written:?}") };
        Ok(appended)
    }

    pub(crate) async fn change(&self, sender: &str, to: &str, change: Change) -> Result<Appended, Refusal> {
        self.append(self.in_room(sender, to, change)).await
    }

    /// Sends a message that must be taken.
    pub(crate) async fn say(&self, sender: &str, to: &str, content: &str) -> Appended {
        self.change(sender, to, text(content)).await.unwrap()
    }

    /// The markers of one room.
    pub(crate) async fn markers(&self, of: &str, limit: u32) -> Vec<Marker> {
        let of = room(of);
        self.store.markers(std::slice::from_ref(&of), limit).await.unwrap().remove(&of).unwrap_or_default()
    }

    /// What is known of a user.
    pub(crate) async fn record(&self, name: &str) -> Option<UserRecord> {
        let of = user(name);
        self.store.seen(std::slice::from_ref(&of)).await.unwrap().remove(&of)
    }

    /// Whom a user has a direct room with.
    pub(crate) async fn partners(&self, of: &str, limit: u32) -> Vec<UserId> {
        let of = user(of);
        let found = self.store.direct_partners(std::slice::from_ref(&of), limit).await;
        found.unwrap().remove(&of).unwrap_or_default()
    }

    /// Where the notifications of one user stand.
    pub(crate) async fn notices_of(&self, name: &str) -> NotificationHeads {
        let of = user(name);
        self.store.notification_heads(std::slice::from_ref(&of)).await.unwrap()[&of]
    }

    /// Sends a direct message that must be taken.
    pub(crate) async fn tell(&self, sender: &str, to: &str, content: &str) -> Appended {
        self.append(self.to_user(sender, to, text(content))).await.unwrap()
    }

    pub(crate) async fn join(&self, who: &str, to: &str) -> Result<Written, Refusal> {
        self.one(Write::Join {
            room_id: room(to),
            user_id: user(who),
            admitted: false,
            resumed: false,
            at: at(0),
        })
        .await
    }

    /// A public room with these members, the first its owner.
    pub(crate) async fn public(&self, name: &str, members: &[&str]) {
        self.create(name, RoomKind::Public, members).await.unwrap();
    }

    pub(crate) async fn private(&self, name: &str, members: &[&str]) {
        self.create(name, RoomKind::Private, members).await.unwrap();
    }

    pub(crate) async fn create(
        &self,
        name: &str,
        kind: RoomKind,
        members: &[&str],
    ) -> Result<Written, Refusal> {
        let members: Vec<UserId> = members.iter().map(|name| user(name)).collect();
        let owner = members.first().cloned().unwrap();
        let name_of = None;
        self.one(Write::CreateRoom { room_id: room(name), name: name_of, kind, owner, members, at: at(0) })
            .await
    }

    pub(crate) async fn see(&self, who: &str, name: Option<&str>) -> Written {
        let write = Write::SeeUser { user_id: user(who), name: name.map(Into::into), at: at(0) };
        self.one(write).await.unwrap()
    }

    pub(crate) fn notification(&self, to: &str, title: &str) -> NewNotification {
        let n = self.next();
        NewNotification {
            sender: user("robot"),
            client_id: None,
            new_id: format!("n{n}"),
            at: at(n.cast_signed()),
            user_id: user(to),
            title: title.into(),
            message: format!("about {title}"),
            kind: "info".into(),
            data: Map::new(),
        }
    }

    pub(crate) async fn notify(&self, to: &str, title: &str) -> u64 {
        let written = self.one(Write::Notify(self.notification(to, title))).await.unwrap();
        let Written::Notified { position, duplicate: false, .. } = written else { panic!("{written:?}") };
        position
    }

    pub(crate) fn to_all(&self, title: &str) -> NewBroadcast {
        let n = self.next();
        NewBroadcast {
            sender: user("robot"),
            client_id: None,
            new_id: format!("b{n}"),
            at: at(n.cast_signed()),
            title: title.into(),
            message: format!("about {title}"),
            kind: "info".into(),
        }
    }

    pub(crate) async fn broadcast(&self, title: &str) -> u64 {
        let written = self.one(Write::Broadcast(self.to_all(title))).await.unwrap();
        let Written::Broadcast { position, duplicate: false, .. } = written else { panic!("{written:?}") };
        position
    }
}
