//! Connections that the server itself ends, and what that says of the transport: nothing.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

fn refusal(code: &str) -> Value {
    frame("ERROR", "MESSAGE", &json!({"error": "no", "code": code, "roomId": "general"}))
}

/// A client that may use sockets too, and is in the room `general` by a stream that has proven good.
fn fallen_in_general() -> Client {
    let mut client = fallen();
    client.join("general");
    client.accept_post();
    client.stream(&greeting());
    client.stream(&participants("general", 7));
    client.advance(10_000);
    client
}

#[test]
fn a_store_that_is_away_does_not_send_a_client_down_the_ladder() {
    let mut client = fallen_in_general();
    client.fail_main();
    for _ in 0..6 {
        client.until_next_attempt();
        client.greet_stream();
        client.stream(&refusal("UNAVAILABLE"));
        assert_eq!((client.state(), client.transport()), (State::Reconnecting, Transport::Stream));
    }
}

#[test]
fn neither_does_a_log_that_begins_anew() {
    let mut client = fallen_in_general();
    client.fail_main();
    for n in 0..6 {
        client.until_next_attempt();
        client.stream(&greeting());
        let mut other = greeting();
        other["data"]["epoch"] = json!(format!("another {n}"));
        client.stream(&other);
        assert_eq!((client.state(), client.transport()), (State::Reconnecting, Transport::Stream));
    }
}

#[test]
fn nor_does_a_node_that_goes_away() {
    let transports = Transports::NONE.with(Transport::WebSocket).with(Transport::Poll);
    let mut client = Client::new(Config { transports, ..config() });
    client.command(Command::Connect);
    client.refuse_upgrade();
    client.until_next_attempt();
    client.refuse_upgrade();
    for _ in 0..6 {
        client.until_next_attempt();
        client.greet_poll();
        client.answer_poll(&[frame("SYSTEM", "GOING_AWAY", &json!({"retryAfterMs": 250}))]);
        assert_eq!((client.state(), client.transport()), (State::Reconnecting, Transport::Poll));
    }
}

#[test]
fn what_goes_wrong_with_a_room_that_nobody_asks_for_puts_nobody_out_and_each_asks_anew() {
    let mut client = fallen_in_general();
    client.input(Input::TokenReady("new".into()));
    client.events();
    client.stream(&greeting());
    client.stream(&refusal("INTERNAL"));
    assert_eq!(client.state(), State::Reconnecting);
    client.until_next_attempt();
    client.greet_stream();
    client.stream(&refusal("INTERNAL"));
    assert_eq!(client.state(), State::Connected, "it is the answer to the RESUME");
    client.advance(5_000);
    assert_eq!(client.accept_post(), ["JOIN_ROOM"]);
    assert!(!client.events().iter().any(|event| matches!(event, Event::Room { .. })));
}
