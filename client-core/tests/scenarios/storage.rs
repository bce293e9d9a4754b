//! What outlives a page load.

use tidings_client_core::{Command, Config, Event, Input, SendState};
use tidings_protocol::{ClientId, Code};

use crate::harness::{Client, chat, config, ids};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

fn stored() -> Client {
    let mut client = Client::new(Config { storage: true, ..config() });
    client.load_storage();
    client
}

#[test]
fn an_entry_is_kept_until_it_is_acknowledged() {
    let mut client = stored();
    client.command(Command::Connect);
    client.greet();
    let id = client.send(chat("general", "hi"));
    assert!(client.kept.contains_key(&id));
    client.ack(&id, 1);
    assert!(client.kept.is_empty());
}

#[test]
fn without_storage_nothing_is_asked_to_be_kept() {
    let mut client = Client::connected(&[("general", 0)]);
    client.send(chat("general", "hi"));
    client.message("general", 1);
    client.advance(5_000);
    assert!(client.kept.is_empty() && client.positions.is_none());
}

#[test]
fn after_a_reload_what_was_not_acknowledged_is_sent_in_order_with_the_same_ids() {
    let mut client = stored();
    client.command(Command::Connect);
    client.greet();
    let sent: Vec<ClientId> = ["1", "2", "3"].map(|c| client.send(chat("general", c))).into();

    let mut next = client.reload();
    next.command(Command::Connect);
    assert_eq!(next.connects.len(), 0, "first the storage is read");
    let young = next.send(chat("general", "4"));
    next.load_storage();
    next.greet();
    let first = next.sent_of("CHAT_MESSAGE");
    assert_eq!(ids(&first), [sent[0].as_str()], "it may have arrived, so one at a time");
    next.receive(
        "SYSTEM",
        "ACK",
        &json!({"id": sent[0].as_str(), "duplicate": true, "seq": 1, "messageId": "m1"}),
    );
    let rest = next.sent_of("CHAT_MESSAGE");
    assert_eq!(ids(&rest), [sent[1].as_str(), sent[2].as_str(), young.as_str()]);
    assert!(next.kept[&sent[2]].order < next.kept[&young].order, "the order is kept too");
}

#[test]
fn the_app_is_shown_what_was_kept() {
    let mut client = stored();
    client.command(Command::Connect);
    client.greet();
    let failed = client.send(chat("general", "bad"));
    client.refuse(&failed, "FORBIDDEN", None);
    let waiting = client.send(chat("general", "good"));

    let mut next = client.reload();
    next.load_storage();
    let sent: Vec<(ClientId, SendState)> = next
        .events()
        .into_iter()
        .filter_map(|e| if let Event::Sent { id, state } = e { Some((id, state)) } else { None })
        .collect();
    assert_eq!(sent, [(failed.clone(), SendState::Failed(Code::Forbidden)), (waiting, SendState::Queued)]);
    next.command(Command::Connect);
    next.greet();
    assert_eq!(next.contents(), ["good"]);
    next.command(Command::Cancel { id: failed.clone() });
    assert!(!next.kept.contains_key(&failed));
}

#[test]
fn positions_are_kept_a_moment_later_or_when_the_page_is_hidden() {
    let mut client = stored();
    client.join("general");
    client.command(Command::Connect);
    client.greet();
    client.participants("general", 5, 4);
    client.advance(1_000);
    let first = client.positions.clone().unwrap();
    client.message("general", 5);
    client.advance(999);
    assert_eq!(client.positions.as_ref(), Some(&first), "not at each entry");
    client.input(Input::Hidden);
    assert_ne!(client.positions.as_ref(), Some(&first));

    let mut next = client.reload();
    next.join("general");
    next.load_storage();
    next.command(Command::Connect);
    next.greet();
    let join = next.sent_of("JOIN_ROOM").remove(0);
    assert_eq!(join["afterSeq"], 5);
}

#[test]
fn closing_for_good_erases_what_was_kept() {
    let mut client = stored();
    client.join("general");
    client.command(Command::Connect);
    client.greet();
    client.send(chat("general", "hi"));
    client.advance(1_000);
    client.command(Command::Close { forget: true });
    client.advance(5_000);
    assert!(client.kept.is_empty() && client.positions.is_none());
}
