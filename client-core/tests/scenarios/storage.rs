//! What outlives a page load.

use tidings_client_core::{Command, Config, Event, Input, Refusal, SendState};
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
fn messages_to_many_rooms_from_before_storage_was_read_go_to_these_rooms() {
    let mut client = stored();
    client.command(Command::Connect);
    client.greet();
    client.send(chat("general", "old"));

    let mut next = client.reload();
    next.command(Command::Connect);
    let rooms: Vec<String> = (0..40).map(|n| format!("room-{n}")).collect();
    for room in &rooms {
        next.send(chat(room, room));
        next.send(chat(room, "second"));
    }
    next.load_storage();
    next.greet();
    let contents = next.contents();
    assert_eq!(contents[0], "old");
    assert_eq!(contents[1..], rooms, "one of each room, until it is acknowledged");
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

#[test]
fn an_entry_is_sent_only_when_it_would_outlive_the_page_and_then_in_order() {
    let mut client = stored();
    client.saves = false;
    client.command(Command::Connect);
    client.greet();
    let first = client.send(chat("general", "1"));
    let second = client.send(chat("general", "2"));
    assert_eq!(client.contents(), Vec::<String>::new());
    assert_eq!(client.states_of(&first), []);
    client.input(Input::Saved { id: first.clone(), kept: true });
    assert_eq!(client.contents(), ["1"]);
    assert_eq!(client.states_of(&first), [SendState::Queued, SendState::InFlight]);
    client.input(Input::Saved { id: second, kept: true });
    assert_eq!(client.contents(), ["2"]);
    client.input(Input::Saved { id: first, kept: true });
    assert_eq!(client.contents(), Vec::<String>::new(), "the same word twice changes nothing");
}

#[test]
fn an_entry_that_cannot_be_kept_is_sent_all_the_same_and_the_app_is_told() {
    let mut client = stored();
    client.saves = false;
    client.command(Command::Connect);
    client.greet();
    assert!(client.session.status().persistence);
    let id = client.send(chat("general", "hi"));
    client.input(Input::Kept(false));
    client.input(Input::Saved { id, kept: false });
    assert!(!client.session.status().persistence);
    assert_eq!(client.contents(), ["hi"]);
}

#[test]
fn what_another_page_left_is_sent_behind_what_is_here() {
    let mut other = stored();
    let left: Vec<ClientId> = ["a", "b"].map(|c| other.send(chat("general", c))).into();

    let mut client = Client::new(Config { storage: true, seed: [17, 19], ..config() });
    client.load_storage();
    client.command(Command::Connect);
    client.greet();
    let own = client.send(chat("general", "c"));
    client.input(Input::Adopted(other.kept.into_values().collect()));
    assert_eq!(ids(&client.sent_of("CHAT_MESSAGE")), [own.as_str()], "theirs may have been sent: carefully");
    client.ack(&own, 1);
    client.ack(&left[0], 2);
    client.ack(&left[1], 3);
    assert!(client.kept.is_empty());
}

#[test]
fn what_another_page_took_over_after_the_close_is_not_sent_again() {
    let mut client = stored();
    let taken = client.send(chat("general", "taken"));
    let left = client.send(chat("general", "left"));
    client.command(Command::Close { forget: false });
    let late = client.send(chat("general", "late"));
    assert!(!client.kept.contains_key(&late), "a closed client keeps nothing");
    client.kept.remove(&taken);
    client.command(Command::Connect);
    assert_eq!(client.connects.len(), 0, "first the storage is read");
    client.load_storage();
    assert_eq!(client.states_of(&taken).last(), Some(&SendState::TakenOver), "nobody waits for it in vain");
    client.greet();
    client.ack(&left, 1);
    client.ack(&late, 2);
    assert_eq!(client.session.queued(), 0);
}

#[test]
fn what_could_not_be_kept_outlives_a_close_in_memory_and_is_kept_where_there_is_room_by_then() {
    let mut client = stored();
    client.has_room = false;
    client.input(Input::Kept(false));
    let id = client.send(chat("general", "hi"));
    client.command(Command::Close { forget: false });
    client.has_room = true;
    client.input(Input::Kept(true));
    client.command(Command::Connect);
    client.load_storage();
    assert!(!client.states_of(&id).contains(&SendState::TakenOver));
    assert!(client.kept.contains_key(&id));
    client.greet();
    assert_eq!(client.contents(), ["hi"]);
    client.ack(&id, 1);
    assert!(client.kept.is_empty());
}

#[test]
fn what_is_in_a_storage_that_cannot_be_read_any_more_is_sent_from_memory() {
    let mut client = stored();
    let id = client.send(chat("general", "hi"));
    client.command(Command::Close { forget: false });
    client.command(Command::Connect);
    client.kept.clear();
    client.input(Input::Kept(false));
    client.load_storage();
    client.greet();
    assert_eq!(client.states_of(&id).last(), Some(&SendState::InFlight));
}

#[test]
fn what_is_cancelled_while_the_client_is_closed_is_never_sent() {
    let mut client = stored();
    let dropped = client.send(chat("general", "dropped"));
    client.send(chat("general", "left"));
    client.command(Command::Close { forget: false });
    client.command(Command::Cancel { id: dropped.clone() });
    assert_eq!(client.states_of(&dropped).last(), Some(&SendState::Cancelled));
    client.command(Command::Connect);
    client.load_storage();
    assert!(!client.kept.contains_key(&dropped));
    client.greet();
    assert_eq!(client.contents(), ["left"]);
}

#[test]
fn a_closed_client_remembers_no_more_cancelled_messages_than_its_outbox_may_hold() {
    let mut client = Client::new(Config { storage: true, max_queued: 3, ..config() });
    for _ in 0..3 {
        let id = client.send(chat("general", "second thoughts"));
        client.command(Command::Cancel { id });
    }
    let id = client.send(chat("general", "one too many"));
    client.command(Command::Cancel { id: id.clone() });
    assert_eq!(client.states_of(&id), [SendState::Refused(Refusal::Busy)]);
    client.load_storage();
    client.command(Command::Cancel { id: id.clone() });
    assert!(client.states_of(&id).contains(&SendState::Cancelled) && client.kept.is_empty());
}

#[test]
fn a_closed_client_and_one_whose_storage_is_not_read_yet_can_still_forget() {
    let mut client = stored();
    client.send(chat("general", "hi"));
    client.command(Command::Close { forget: false });
    assert!(!client.kept.is_empty());
    let mut next = client.reload();
    client.command(Command::Close { forget: true });
    next.command(Command::Close { forget: true });
    assert!(client.kept.is_empty() && next.kept.is_empty());
}
