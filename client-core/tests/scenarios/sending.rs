//! The outbox: first in, first out, once.

use tidings_client_core::{Command, Config, ConnId, Entry, Event, Refusal, SendState, State};
use tidings_protocol::{ClientId, MessageId, UserId};

use crate::harness::{Client, chat, config, ids};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::{Value, json};

fn acked(seq: u64, duplicate: bool) -> SendState {
    SendState::Acked {
        room: Some("general".into()),
        message_id: Some(format!("m{seq}")),
        seq: Some(seq),
        duplicate,
    }
}

#[test]
fn a_message_is_queued_then_on_its_way_then_acknowledged() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    assert_eq!(client.session.queued(), 1);
    client.ack(&id, 1);
    assert_eq!(client.states_of(&id), [SendState::Queued, SendState::InFlight, acked(1, false)]);
    assert_eq!(client.session.queued(), 0);
    client.ack(&id, 1);
    assert_eq!(client.states_of(&id), [], "acknowledged once");
}

#[test]
fn every_kind_of_entry_goes_through_the_outbox() {
    let mut client = Client::connected(&[]);
    let message = MessageId::new("m1").unwrap();
    let general = crate::harness::room("general");
    client.send(Entry::Private {
        recipient: UserId::new("bob").unwrap(),
        content: "hi".into(),
        reply_to: None,
    });
    client.send(Entry::Edit { room: general.clone(), message: message.clone(), content: "new".into() });
    client.send(Entry::React {
        room: general.clone(),
        message: message.clone(),
        emoji: "+".into(),
        remove: false,
    });
    client.send(Entry::Delete { room: general, message });
    let sent = client.sent();
    let types: Vec<&str> = sent.iter().map(|f| f["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["PRIVATE_MESSAGE", "EDIT_MESSAGE", "REACT", "DELETE_MESSAGE"]);
    assert_eq!(sent[0]["data"], json!({"recipientId": "bob"}));
}

#[test]
fn a_refused_direct_message_holds_those_behind_it_by_whichever_name_they_go() {
    let mut client = Client::connected(&[("general", 0)]);
    let private =
        || Entry::Private { recipient: UserId::new("bob").unwrap(), content: "1".into(), reply_to: None };
    let first = client.send(private());
    client.refuse(&first, "UNAVAILABLE", Some(2_000));
    client.sent();
    let second = client.send(chat("direct:7", "2"));
    let elsewhere = client.send(chat("general", "3"));
    assert_eq!(ids(&client.sent()), [elsewhere.as_str()], "the room of the other two may be one");
    client.advance(2_000);
    assert_eq!(ids(&client.sent()), [first.as_str()]);
    client.ack(&first, 1);
    assert_eq!(ids(&client.sent()), [second.as_str()]);
}

#[test]
fn messages_queued_offline_are_sent_in_order_once_connected() {
    let mut client = Client::new(config());
    let first = client.send(chat("general", "1"));
    client.send(chat("general", "2"));
    client.send(chat("other", "a"));
    client.send(chat("general", "3"));
    assert_eq!(client.sent().len(), 0);
    client.command(Command::Connect);
    client.greet();
    assert_eq!(client.contents(), ["1", "2", "a", "3"], "nothing was unsure, so nothing waits for an ACK");
    client.ack(&first, 1);
    assert_eq!(client.session.queued(), 3);
}

#[test]
fn what_was_on_its_way_is_sent_again_with_its_id_one_at_a_time_until_the_first_ack() {
    let mut client = Client::connected(&[("general", 0)]);
    let sent: Vec<ClientId> = ["1", "2", "3"].map(|c| client.send(chat("general", c))).into();
    let first = client.sent_of("CHAT_MESSAGE");
    assert_eq!(ids(&first), sent.iter().map(ClientId::as_str).collect::<Vec<_>>());
    client.close(None);
    let other = client.send(chat("other", "x"));
    client.until_next_attempt();
    client.greet();
    let again = client.sent_of("CHAT_MESSAGE");
    assert_eq!(ids(&again), [sent[0].as_str(), other.as_str()], "one for each room");
    client.ack(&sent[0], 1);
    assert_eq!(client.contents(), ["2", "3"]);
}

#[test]
fn an_echo_before_the_ack_settles_the_message_and_is_shown_once() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    client.events();
    let echo = json!({"messageId": "m1", "roomId": "general", "seq": 1, "senderId": "ann", "content": "hi",
        "timestamp": "2026-01-01T00:00:00.000Z", "clientId": id.as_str()});
    client.receive("CHAT", "MESSAGE", &echo);
    let events = client.events();
    assert_eq!(events[0], Event::Sent { id: id.clone(), state: acked(1, false) });
    assert!(matches!(&events[1], Event::Frame(f) if f.client_id().as_deref() == Some(id.as_str())));
    client.ack(&id, 1);
    assert_eq!(client.events(), []);
    client.sent();
    client.close(None);
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.sent_of("CHAT_MESSAGE").len(), 0, "it is not sent again");
}

#[test]
fn the_message_of_another_user_settles_nothing_whatever_id_it_bears() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    let foreign = json!({"messageId": "m1", "roomId": "general", "seq": 1, "senderId": "bob", "content": "hi",
        "timestamp": "2026-01-01T00:00:00.000Z", "clientId": id.as_str()});
    client.receive("CHAT", "MESSAGE", &foreign);
    assert_eq!(client.session.queued(), 1);
}

#[test]
fn no_more_frames_are_sent_than_the_server_asked_for() {
    let mut client = Client::new(Config { max_queued: 300, ..config() });
    for n in 0..300 {
        // Each to a room of its own, so that only the pace holds them back.
        client.send(chat(&format!("room-{n}"), "hi"));
    }
    client.command(Command::Connect);
    client.greet_with(&json!({"framesPerSecond": 50, "frameBurst": 200}));
    let burst = client.contents().len();
    assert!((90..=100).contains(&burst), "half the burst at once: {burst}");
    client.advance(2_000);
    let later = client.contents().len();
    assert!((98..=100).contains(&later), "then fifty a second: {later}");
}

#[test]
fn the_outbox_is_bounded_by_count() {
    let mut client = Client::new(Config { max_queued: 3, ..config() });
    let kept: Vec<ClientId> = (0..3).map(|n| client.send(chat("general", &n.to_string()))).collect();
    let refused = client.send(chat("general", "one too many"));
    assert_eq!(client.states_of(&refused), [SendState::Refused(Refusal::QueueFull)]);
    client.command(Command::Cancel { id: kept[0].clone() });
    let taken = client.send(chat("general", "now there is room"));
    assert_eq!(client.states_of(&taken), [SendState::Queued]);
}

#[test]
fn the_outbox_is_bounded_by_bytes() {
    let mut client = Client::new(Config { max_queued_bytes: 10_000, ..config() });
    let text = "x".repeat(4_000);
    let states: Vec<SendState> = (0..3)
        .map(|_| {
            let id = client.send(chat("general", &text));
            client.states_of(&id).remove(0)
        })
        .collect();
    let full = SendState::Refused(Refusal::QueueFull);
    assert_eq!(states, [SendState::Queued, SendState::Queued, full]);
}

#[test]
fn what_the_server_would_refuse_for_its_size_is_refused_here() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.greet_with(&json!({"maxContentBytes": 10}));
    for (content, refusal) in [("", Refusal::Empty), ("01234567890", Refusal::TooLarge)] {
        let id = client.send(chat("general", content));
        assert_eq!(client.states_of(&id), [SendState::Refused(refusal)]);
    }
    let mut client = Client::new(config());
    let id = client.send(chat("general", &"\u{1}".repeat(16_000)));
    assert_eq!(client.states_of(&id), [SendState::Refused(Refusal::TooLarge)], "escaped it is over 64 KiB");
}

#[test]
fn the_same_id_is_taken_once() {
    let mut client = Client::new(config());
    let id = client.send(chat("general", "1"));
    client.events();
    client.command(Command::Send { id: id.clone(), entry: chat("general", "2") });
    assert_eq!(client.states_of(&id), [SendState::Refused(Refusal::Busy)]);
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let mut client = Client::connected(&[("general", 0)]);
    client.send(chat("general", "hi"));
    for seq in 1..=3 {
        client.advance(9_999);
        client.message("general", seq);
    }
    assert_eq!(client.state(), State::Connected);
    client.advance(3);
    assert_eq!((client.state(), client.closes.as_slice()), (State::Reconnecting, &[(ConnId(1), 1000)][..]));
}

#[test]
fn a_message_names_the_one_of_its_room_that_is_on_its_way_before_it() {
    let mut client = Client::connected(&[("general", 0), ("random", 0)]);
    let names = |client: &mut Client| -> Vec<Value> {
        client.sent_of("CHAT_MESSAGE").iter().map(|frame| frame["after"].clone()).collect()
    };
    let first = client.send(chat("general", "1"));
    client.send(chat("random", "a"));
    let second = client.send(chat("general", "2"));
    let third = client.send(chat("general", "3"));
    assert_eq!(names(&mut client), [Value::Null, Value::Null, json!(first), json!(second)]);
    client.ack(&first, 1);
    client.refuse(&second, "UNAVAILABLE", Some(100));
    client.refuse(&third, "UNAVAILABLE", Some(100));
    client.advance(101);
    assert_eq!(names(&mut client), [Value::Null], "the second again, and nothing is on its way before it");
    client.ack(&second, 2);
    assert_eq!(names(&mut client), [Value::Null]);
}

#[test]
fn only_the_furthest_read_position_is_sent_and_again_until_it_is_acknowledged() {
    let mut client = Client::connected(&[("general", 9)]);
    let read = |client: &mut Client, seq| {
        client.command(Command::Read { room: crate::harness::room("general"), seq });
    };
    read(&mut client, 3);
    read(&mut client, 7);
    read(&mut client, 5);
    let first = client.sent_of("READ");
    assert_eq!((first.len(), &first[0]["seq"]), (1, &json!(3)), "one on its way");
    client.receive("SYSTEM", "ACK", &json!({"id": first[0]["id"], "duplicate": false}));
    let second = client.sent_of("READ");
    assert_eq!((second.len(), &second[0]["seq"]), (1, &json!(7)));
    client.close(None);
    client.until_next_attempt();
    client.greet();
    let third = client.sent_of("READ");
    assert_eq!(third[0]["seq"], 7);
    client.receive("SYSTEM", "ACK", &json!({"id": third[0]["id"], "duplicate": false}));
    assert_eq!(client.sent_of("READ").len(), 0);
}

#[test]
fn typing_is_said_only_while_connected() {
    let mut client = Client::connected(&[("general", 0)]);
    let typing = |client: &mut Client| {
        client.command(Command::Typing { room: crate::harness::room("general"), is_typing: true });
    };
    typing(&mut client);
    assert_eq!(client.sent_of("TYPING")[0]["data"], json!({"isTyping": true}));
    client.close(None);
    typing(&mut client);
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.sent_of("TYPING").len(), 0);
}
