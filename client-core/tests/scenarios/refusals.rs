//! What the server refuses: for now, or for good.

use serde_json::json;
use tidings_client_core::{Command, Event, Kind, Refusal, SendState};
use tidings_protocol::Code;

use crate::harness::{Client, chat, kinds};
#[cfg(target_arch = "wasm32")]
use crate::test;

#[test]
fn a_refused_message_is_marked_and_shown_and_does_not_hold_the_next() {
    let mut client = Client::connected(&[("general", 0)]);
    let bad = client.send(chat("general", "bad"));
    let good = client.send(chat("general", "good"));
    client.events();
    client.refuse(&bad, "FORBIDDEN", None);
    let events = client.events();
    assert_eq!(events[0], Event::Sent { id: bad.clone(), state: SendState::Failed(Code::Forbidden) });
    assert!(matches!(&events[1], Event::Frame(f) if f.kind() == Kind::Error));
    client.ack(&good, 1);
    assert_eq!(client.session.queued(), 0, "a failed message is not waiting");
    client.sent();
    client.send(chat("general", "next"));
    assert_eq!(client.contents(), ["next"]);
}

#[test]
fn a_refused_message_is_not_sent_again_by_itself() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "bad"));
    client.refuse(&id, "TOO_LARGE", None);
    client.sent();
    client.advance(20_000);
    client.close(None);
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.contents(), Vec::<String>::new());
}

#[test]
fn a_refused_message_can_be_retried_with_its_id() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    client.refuse(&id, "FORBIDDEN", None);
    client.sent();
    client.events();
    client.command(Command::Retry { id: id.clone() });
    let sent = client.sent();
    assert_eq!((sent.len(), &sent[0]["id"]), (1, &id.as_str().into()));
    assert_eq!(client.states_of(&id), [SendState::Queued, SendState::InFlight]);
    client.ack(&id, 1);
    assert!(matches!(client.states_of(&id)[0], SendState::Acked { .. }));
}

#[test]
fn a_refused_message_can_be_revised_or_dropped() {
    let mut client = Client::connected(&[("general", 0)]);
    let revised = client.send(chat("general", "bad"));
    let dropped = client.send(chat("general", "worse"));
    client.refuse(&revised, "TOO_LARGE", None);
    client.refuse(&dropped, "FORBIDDEN", None);
    client.sent();
    client.command(Command::Revise { id: revised.clone(), entry: chat("general", "better") });
    let sent = client.sent();
    assert_eq!((&sent[0]["content"], &sent[0]["id"]), (&"better".into(), &revised.as_str().into()));
    client.events();
    client.command(Command::Cancel { id: dropped.clone() });
    assert_eq!(client.states_of(&dropped), [SendState::Cancelled]);
    client.command(Command::Retry { id: dropped.clone() });
    assert_eq!(client.states_of(&dropped), [SendState::Refused(Refusal::Unknown)]);
}

#[test]
fn a_message_that_may_have_arrived_can_be_neither_revised_nor_dropped() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    client.events();
    let busy = SendState::Refused(Refusal::Busy);
    client.command(Command::Cancel { id: id.clone() });
    assert_eq!(client.states_of(&id), std::slice::from_ref(&busy));
    client.close(None);
    client.events();
    client.command(Command::Revise { id: id.clone(), entry: chat("general", "other") });
    client.command(Command::Cancel { id: id.clone() });
    assert_eq!(client.states_of(&id), [busy.clone(), busy]);
}

#[test]
fn what_was_refused_before_it_came_to_the_server_may_be_there_from_an_earlier_sending() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "one"));
    for (unsent, may_go) in [(true, false), (false, true)] {
        client.close(None);
        client.until_next_attempt();
        client.greet();
        client.participants("general", 1, 0);
        let mut data =
            json!({"error": "no", "code": "UNAVAILABLE", "id": id.as_str(), "retryAfterMs": 5_000});
        if unsent {
            data["unsent"] = true.into();
        }
        client.receive("ERROR", "MESSAGE", &data);
        client.command(Command::Cancel { id: id.clone() });
        assert_eq!(client.states_of(&id).contains(&SendState::Cancelled), may_go);
    }
}

#[test]
fn a_queued_message_can_be_revised_and_dropped_before_it_is_sent() {
    let mut client = Client::new(crate::harness::config());
    let first = client.send(chat("general", "1"));
    let second = client.send(chat("general", "2"));
    client.send(chat("general", "3"));
    client.command(Command::Revise { id: first, entry: chat("general", "one") });
    client.command(Command::Cancel { id: second });
    client.command(Command::Connect);
    client.greet();
    assert_eq!(client.contents(), ["one", "3"], "it keeps its place");
}

#[test]
fn a_message_refused_for_now_waits_as_told_and_keeps_its_room_in_order() {
    let mut client = Client::connected(&[("general", 0), ("other", 0)]);
    let sent = ["1", "2", "3"].map(|c| client.send(chat("general", c)));
    client.sent();
    client.events();
    for id in &sent {
        client.refuse(id, "UNAVAILABLE", Some(2_000));
    }
    assert_eq!(kinds(&client.shown()), [], "the app is not troubled");
    client.send(chat("general", "4"));
    client.send(chat("other", "a"));
    assert_eq!(client.contents(), ["a"], "other rooms go on");
    client.advance(1_999);
    assert_eq!(client.contents(), Vec::<String>::new());
    client.advance(1);
    assert_eq!(client.contents(), ["1"], "one until the first ACK");
    client.ack(&sent[0], 1);
    assert_eq!(client.contents(), ["2", "3", "4"]);
}

#[test]
fn a_message_refused_for_now_is_not_sent_again_while_one_behind_it_is_unanswered() {
    let mut client = Client::connected(&[("general", 0)]);
    let first = client.send(chat("general", "1"));
    let second = client.send(chat("general", "2"));
    client.refuse(&first, "UNAVAILABLE", Some(100));
    client.sent();
    client.advance(5_000);
    assert_eq!(client.contents(), Vec::<String>::new());
    client.refuse(&second, "UNAVAILABLE", Some(100));
    client.advance(100);
    assert_eq!(client.contents(), ["1"]);
}

#[test]
fn a_rate_limit_holds_everything_back() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "1"));
    client.refuse(&id, "RATE_LIMITED", Some(1_500));
    client.sent();
    client.send(chat("other", "a"));
    client.advance(1_499);
    assert_eq!(client.contents(), Vec::<String>::new());
    client.advance(1);
    let mut contents = client.contents();
    contents.sort();
    assert_eq!(contents, ["1", "a"]);
}

#[test]
fn a_refusal_for_now_that_names_no_time_waits_a_second() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "1"));
    client.refuse(&id, "UNAVAILABLE", None);
    client.sent();
    client.advance(999);
    assert_eq!(client.contents(), Vec::<String>::new());
    client.advance(1);
    assert_eq!(client.contents(), ["1"]);
}

#[test]
fn an_order_to_wait_ends_with_the_connection_it_was_given_on() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "1"));
    client.refuse(&id, "UNAVAILABLE", Some(60_000));
    client.sent();
    client.close(None);
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.contents(), ["1"]);
}

#[test]
fn an_error_that_answers_nothing_of_ours_is_shown() {
    let mut client = Client::connected(&[]);
    let id = client.session.next_id();
    client.refuse(&id, "INVALID_FRAME", None);
    assert_eq!(kinds(&client.shown()), [Kind::Error]);
}
