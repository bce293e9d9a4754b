//! Random batches of writes on SQLite and on the model: what they answer and all that can be read is the same.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, json};
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{ClientId, Epoch, MessageId, RoomId, UserId};

use super::kit::{Fixture, at, key, message, room, user};
use super::observe::{Scope, observe};
use crate::store::{
    Append, Change, NewBroadcast, NewNotification, NotificationPosition, Store, Target, Which, Write,
};

const USERS: &[&str] = &["ann", "Bob", "user-3", "Änne", "zoe"];
const ROOMS: &[&str] = &["general", "club", "a/b", "late"];
const WORDS: &[&str] = &["hello", "Hello world", "wor", "log OR", "\"hel", "ünder", ""];
/// Ids are given in the order of the writes; those that a strategy names beyond them do not exist.
const IDS: u64 = 60;

fn users() -> impl Strategy<Value = UserId> {
    (0..USERS.len()).prop_map(|n| user(USERS[n]))
}

fn rooms() -> impl Strategy<Value = RoomId> {
    prop_oneof![
        8 => (0..ROOMS.len()).prop_map(|n| room(ROOMS[n])),
        1 => (0..IDS).prop_map(|n| room(&format!("direct:m{n}"))),
    ]
}

fn keys() -> impl Strategy<Value = Option<ClientId>> {
    prop_oneof![2 => Just(None), 1 => (0..6_u8).prop_map(|n| key(&format!("key {n}")))]
}

fn messages() -> impl Strategy<Value = MessageId> {
    (0..IDS).prop_map(|n| message(&format!("m{n}")))
}

fn contents() -> impl Strategy<Value = String> {
    let words = prop::sample::select(&["hello", "world", "Log", "or", "\"", "🎉", "\u{0}", "Ünder", "x"][..]);
    vec(words, 1..4).prop_map(|words| words.join(" "))
}

fn changes() -> impl Strategy<Value = Change> {
    let emojis = prop::sample::select(&["👍", "🎉", "❤️"][..]);
    prop_oneof![
        4 => (contents(), prop::option::of(messages()))
            .prop_map(|(content, reply_to)| Change::Message { content, reply_to }),
        2 => (messages(), contents()).prop_map(|(message_id, content)| Change::Edit { message_id, content }),
        1 => messages().prop_map(|message_id| Change::Delete { message_id }),
        3 => (messages(), emojis, any::<bool>()).prop_map(|(message_id, emoji, remove)| Change::React {
            message_id,
            emoji: emoji.into(),
            remove,
        }),
    ]
}

fn appends() -> impl Strategy<Value = Write> {
    let targets = prop_oneof![2 => rooms().prop_map(Target::Room), 1 => users().prop_map(Target::Direct)];
    let names = prop::option::of(Just("A Name".to_owned()));
    (users(), names, keys(), 0..50_i64, targets, changes()).prop_map(
        |(sender, sender_name, client_id, time, target, change)| {
            let new_id = message("unnamed");
            Write::Append(Append { sender, sender_name, client_id, at: at(time), new_id, target, change })
        },
    )
}

fn kinds() -> impl Strategy<Value = RoomKind> {
    prop_oneof![4 => Just(RoomKind::Public), 4 => Just(RoomKind::Private), 1 => Just(RoomKind::Direct)]
}

fn names() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop::sample::select(&["User One", "älter", "bob's"][..]).prop_map(Into::into))
}

fn room_writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        (rooms(), names(), kinds(), users(), vec(users(), 0..3)).prop_map(
            |(room_id, name, kind, owner, members)| {
                Write::CreateRoom { room_id, name, kind, owner, members, at: at(0) }
            }
        ),
        (rooms(), names(), prop::option::of(kinds())).prop_map(|(room_id, name, kind)| Write::UpdateRoom {
            room_id,
            name,
            kind
        }),
        (rooms(), users(), any::<(bool, bool)>()).prop_map(|(room_id, user_id, (admitted, resumed))| {
            Write::Join { room_id, user_id, admitted, resumed, at: at(0) }
        }),
        (rooms(), users()).prop_map(|(room_id, user_id)| Write::PutMember { room_id, user_id, at: at(0) }),
        (rooms(), users(), any::<bool>()).prop_map(|(room_id, user_id, stays_out)| {
            Write::RemoveMember { room_id, user_id, stays_out }
        }),
    ]
}

fn positions() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..12_u64, 1 => Just(u64::MAX)]
}

fn inboxes() -> impl Strategy<Value = Write> {
    let after = prop_oneof![2 => Just(0), 3 => positions()];
    (users(), after, positions()).prop_map(|(user_id, after, inbox_seq)| Write::InboxDelivered {
        user_id,
        after,
        inbox_seq,
    })
}

fn marker_writes() -> impl Strategy<Value = Write> {
    prop_oneof![
        (rooms(), users(), positions()).prop_map(|(room_id, user_id, seq)| Write::Read {
            room_id,
            user_id,
            seq
        }),
        (rooms(), users(), positions()).prop_map(|(room_id, user_id, seq)| Write::Delivered {
            room_id,
            user_id,
            seq
        }),
        inboxes(),
        (users(), names(), 0..50_i64).prop_map(|(user_id, name, time)| Write::SeeUser {
            user_id,
            name,
            at: at(time)
        }),
    ]
}

fn notification_writes() -> impl Strategy<Value = Write> {
    let which =
        || prop_oneof![1 => Just(Which::All), 4 => (0..IDS).prop_map(|n| Which::One(format!("n{n}")))];
    let titles = || prop::sample::select(&["one", "two"][..]).prop_map(String::from);
    prop_oneof![
        4 => (users(), keys(), 0..50_i64, users(), titles(), 0..3_u8).prop_map(
            |(sender, client_id, time, user_id, title, data)| {
                let data = if data == 0 { Map::new() } else { Map::from_iter([("n".into(), json!(data))]) };
                Write::Notify(NewNotification {
                    sender,
                    client_id,
                    new_id: String::new(),
                    at: at(time),
                    user_id,
                    title,
                    message: "text".into(),
                    kind: "info".into(),
                    data,
                })
            }
        ),
        2 => (users(), keys(), 0..50_i64, titles()).prop_map(|(sender, client_id, time, title)| {
            Write::Broadcast(NewBroadcast {
                sender,
                client_id,
                new_id: String::new(),
                at: at(time),
                title,
                message: "text".into(),
                kind: "info".into(),
            })
        }),
        2 => (users(), which()).prop_map(|(user_id, which)| Write::NotificationsRead { user_id, which }),
        1 => (users(), which()).prop_map(|(user_id, which)| Write::NotificationsDelete { user_id, which }),
        1 => (users(), positions(), positions()).prop_map(|(user_id, own, broadcast)| {
            Write::NotificationsHanded { user_id, position: NotificationPosition { own, broadcast } }
        }),
        1 => (0..50_i64, 1..4_u32)
            .prop_map(|(time, limit)| Write::PruneNotifications { before: at(time), limit }),
        1 => (0..3_u8).prop_map(|n| Write::NewEpoch(Epoch::new(format!("epoch-{n}")).unwrap())),
    ]
}

fn batches() -> impl Strategy<Value = Vec<Vec<Write>>> {
    // Runs of one kind are done in bulk.
    let runs = prop_oneof![
        6 => vec(appends(), 1..4),
        2 => vec(room_writes(), 1..3),
        2 => vec(marker_writes(), 1..4),
        1 => vec(inboxes(), 2..6),
        2 => vec(notification_writes(), 1..3),
    ];
    let batch = vec(runs, 1..8).prop_map(|runs| runs.concat());
    vec(batch, 1..8).prop_map(with_ids)
}

/// Gives the ids in the order of the writes, as a server does, and opens the rooms.
fn with_ids(mut batches: Vec<Vec<Write>>) -> Vec<Vec<Write>> {
    let mut given = 0;
    for write in batches.iter_mut().flatten() {
        given += 1;
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others make nothing with an id")]
        match write {
            Write::Append(new) => new.new_id = message(&format!("m{given}")),
            Write::Notify(new) => new.new_id = format!("n{given}"),
            Write::Broadcast(new) => new.new_id = format!("b{given}"),
            _ => {}
        }
    }
    let create = |(name, kind): (&str, RoomKind)| Write::CreateRoom {
        room_id: room(name),
        name: None,
        kind,
        owner: user("ann"),
        members: vec![user("Bob"), user("user-3")],
        at: at(0),
    };
    let rooms = [("general", RoomKind::Public), ("club", RoomKind::Private)];
    batches.insert(0, rooms.map(create).into());
    batches
}

/// All users, the rooms and the direct rooms that there are, and one that there is not.
async fn scope(store: &dyn Store) -> Scope {
    let users: Vec<UserId> = USERS.iter().map(|name| user(name)).collect();
    let mut rooms: Vec<RoomId> = ROOMS.iter().map(|name| room(name)).collect();
    rooms.push(room("direct:none"));
    for a in &users {
        for b in &users {
            rooms.extend(store.direct_room(a, b).await.unwrap().filter(|_| a <= b));
        }
    }
    Scope { users, rooms, words: WORDS.iter().map(|word| (*word).into()).collect() }
}

/// Writes the same to the model and to the store, and compares every answer and then all that can be read.
async fn compare(store: &dyn Store, batches: Vec<Vec<Write>>) -> Result<(), TestCaseError> {
    let model = Fixture::memory().await;
    let first = Write::NewEpoch(Epoch::new("first").unwrap());
    store.commit(vec![first]).await.unwrap();
    for batch in batches {
        let expected = model.store.commit(batch.clone()).await;
        let answered = store.commit(batch.clone()).await;
        prop_assert_eq!(expected, answered, "of {:#?}", batch);
    }
    let scope = scope(&*model.store).await;
    let expected = observe(&*model.store, &scope).await;
    let read = observe(store, &scope).await;
    for (expected, read) in expected.iter().zip(&read) {
        prop_assert_eq!(expected, read);
    }
    prop_assert_eq!(expected.len(), read.len());
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_the_model_does(batches in batches()) {
        runtime().block_on(async { compare(&*Fixture::sqlite().await.store, batches).await })?;
    }
}

proptest! {
    // Each case makes a database, and reads it all over a connection.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn postgresql_does_what_the_model_does(batches in batches()) {
        runtime().block_on(async { compare(&*Fixture::postgres().await.store, batches).await })?;
    }
}
