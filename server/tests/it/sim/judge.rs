//! What must hold when nothing is broken any more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tidings_client_core::State;
use tidings_protocol::{RoomId, UserId};
use tidings_server::store::{Entry, EntryBody, Store as _};

use super::node::get;
use super::world::{NODES, ROOMS, World};

/// Whether everything has arrived, and all nodes say the same of who is where; else what is not so.
pub(super) async fn has_settled(world: &World) -> Result<(), String> {
    let mut heads = BTreeMap::new();
    for room in ROOMS {
        heads.insert(room, log(world, room).await.len() as u64);
    }
    for client in &world.clients {
        let inbox = world.log.inbox(&user(client.user), 0, u32::MAX).await.unwrap().len() as u64;
        let seen = client.seen.lock();
        let stands = (seen.state, seen.queued, seen.inbox.last);
        if stands != (Some(State::Connected), 0, Some(inbox)) {
            return Err(format!("{}: {stands:?}, inbox at {inbox}", client.name));
        }
        for (room, head) in &heads {
            let last = seen.rooms.get(*room).and_then(|view| view.last);
            if last != Some(*head) {
                return Err(format!("{}: {room} at {last:?} of {head}", client.name));
            }
        }
    }
    presence(world).await
}

async fn presence(world: &World) -> Result<(), String> {
    let users: BTreeSet<&str> = world.clients.iter().map(|client| client.user).collect();
    let wanted = json!(users);
    let nodes: Vec<String> = (0..NODES).map(|node| format!("node-{node}")).collect();
    for node in 0..NODES {
        for room in ROOMS {
            let told = get(&world.net, node, &format!("/api/v1/rooms/{room}/participants")).await;
            let told = told.ok_or_else(|| format!("node {node} does not answer"))?;
            let ids: Value =
                told["participants"].as_array().unwrap().iter().map(|p| p["userId"].clone()).collect();
            if ids != wanted {
                return Err(format!("node {node}: {ids} are in {room}"));
            }
        }
        let told = get(&world.net, node, "/api/v1/notifications/status").await;
        let told = told.ok_or_else(|| format!("node {node} does not answer"))?;
        if told != json!({ "connectedUsers": users.len(), "users": users, "nodes": nodes }) {
            return Err(format!("node {node}: {told}"));
        }
    }
    Ok(())
}

/// What was sent is stored once; what was acknowledged is stored where that was said; what was shown is the log.
pub(super) async fn judge(world: &World) {
    let mut logs = BTreeMap::new();
    for room in ROOMS {
        logs.insert(room.to_owned(), rows(&log(world, room).await));
    }
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    let mut wanted = 0;
    for client in &world.clients {
        let inbox = world.log.inbox(&user(client.user), 0, u32::MAX).await.unwrap();
        let entries: Vec<Entry> = inbox.into_iter().map(|entry| entry.entry).collect();
        for entry in &entries {
            let log = logs.entry(entry.room_id.as_str().to_owned());
            if let std::collections::btree_map::Entry::Vacant(place) = log {
                let of_room = world.log.log(&entry.room_id, 0, u32::MAX).await.unwrap();
                place.insert(rows(&of_room));
            }
        }
        let seen = client.seen.lock();
        compare(&client.name, "the inbox", &seen.inbox.shown, &rows(&entries));
        for room in ROOMS {
            compare(&client.name, room, &seen.rooms[room].shown, &logs[room]);
        }
        wanted += seen.wanted.len();
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for sent in &seen.wanted {
            let Some((room, seq)) = seen.acked.get(&sent.id) else { continue };
            let before = last.insert(room, *seq).unwrap_or(0);
            assert!(
                before < *seq,
                "{}: {sent:?} is in {room} at {seq}, behind one that was sent later",
                client.name
            );
        }
        for sent in &seen.wanted {
            let (room, seq) = seen.acked.get(&sent.id).unwrap_or_else(|| panic!("{sent:?} has its answer"));
            let (id, content) = &logs[room][usize::try_from(*seq).unwrap() - 1];
            assert_eq!((id, content), (&sent.id, &sent.content), "acknowledged is stored");
        }
    }
    for (id, _) in logs.values().flatten() {
        *stored.entry(id.clone()).or_default() += 1;
    }
    assert!(stored.values().all(|times| *times == 1), "stored once");
    assert_eq!(stored.len(), wanted, "nothing is stored that nobody sent");
    world.trace.say(format_args!("{wanted} messages"));
}

/// What was shown is a run of the log up to its end, but for what a gap has named.
fn compare(who: &str, what: &str, shown: &[(u64, String, String)], log: &[(String, String)]) {
    for (position, id, content) in shown {
        let stored = &log[usize::try_from(*position).unwrap() - 1];
        assert_eq!((id, content), (&stored.0, &stored.1), "{who}: {what} at {position}");
    }
}

fn rows(entries: &[Entry]) -> Vec<(String, String)> {
    let row = |entry: &Entry| {
        let EntryBody::Message(message) = &entry.body else { panic!("nobody edits here") };
        let id = entry.client_id.as_ref().map(|id| id.as_str().to_owned());
        (id.unwrap_or_default(), message.content.clone())
    };
    entries.iter().map(row).collect()
}

async fn log(world: &World, room: &str) -> Vec<Entry> {
    world.log.log(&RoomId::new(room).unwrap(), 0, u32::MAX).await.unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}
