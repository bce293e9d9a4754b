//! A connection that has gone silent.

use tidings_client_core::{Command, ConnId, Input, State};

use crate::harness::{Client, chat, config};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

#[test]
fn silence_is_broken_by_a_ping_and_a_pong_keeps_the_connection() {
    let mut client = Client::connected(&[]);
    for _ in 0..5 {
        client.advance(24_999);
        assert_eq!(client.sent(), Vec::<serde_json::Value>::new());
        client.advance(1);
        let pings = client.sent_of("PING");
        assert_eq!(pings.len(), 1);
        client.receive(
            "SYSTEM",
            "PONG",
            &json!({"id": pings[0]["id"], "serverTime": "2026-01-01T00:00:00.000Z"}),
        );
    }
    assert_eq!((client.state(), client.shown().len()), (State::Connected, 0));
}

#[test]
fn any_frame_counts_as_a_sign_of_life() {
    let mut client = Client::connected(&[("general", 0)]);
    for seq in 1..=10 {
        client.advance(20_000);
        client.message("general", seq);
    }
    assert_eq!(client.sent_of("PING").len(), 0);
}

#[test]
fn a_half_open_connection_is_found_within_35_seconds() {
    let mut client = Client::connected(&[]);
    client.advance(34_999);
    assert_eq!(client.state(), State::Connected);
    client.advance(1);
    assert_eq!((client.state(), client.closes.as_slice()), (State::Reconnecting, &[(ConnId(1), 1000)][..]));
}

#[test]
fn the_server_names_the_interval() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.greet_with(&json!({"heartbeatMs": 5_000}));
    client.advance(5_000);
    assert_eq!(client.sent_of("PING").len(), 1);
}

#[test]
fn after_a_sleep_what_has_arrived_is_read_before_the_connection_is_judged() {
    let mut client = Client::connected(&[("general", 4)]);
    client.advance(25_000);
    assert_eq!(client.sent_of("PING").len(), 1);
    client.sleep(3_600_000);
    client.message("general", 5);
    client.input(Input::Timer);
    assert_eq!((client.state(), client.shown_seqs()), (State::Connected, vec![5]));
}

#[test]
fn after_a_sleep_the_old_ping_proves_nothing_but_a_new_one_does() {
    let mut client = Client::connected(&[]);
    client.advance(25_000);
    client.sent();
    client.sleep(3_600_000);
    client.input(Input::Timer);
    assert_eq!((client.state(), client.sent_of("PING").len()), (State::Connected, 1));
    client.advance(10_000);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn a_sleep_is_no_proof_that_the_connection_is_good() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    client.close(None);
    client.until_next_attempt();
    client.greet();
    client.sleep(3_600_000);
    client.input(Input::Timer);
    assert_eq!(client.session.status().attempts, 1);
}

#[test]
fn after_a_sleep_an_answer_that_waits_to_be_read_is_not_overdue() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    client.sleep(3_600_000);
    client.input(Input::Timer);
    assert_eq!(client.state(), State::Connected);
    client.ack(&id, 1);
    client.advance(9_000);
    assert_eq!((client.state(), client.session.queued()), (State::Connected, 0));
}

#[test]
fn coming_back_into_view_pings_a_connection_that_has_been_silent() {
    let mut client = Client::connected(&[]);
    client.advance(4_999);
    client.input(Input::Visible);
    assert_eq!(client.sent_of("PING").len(), 0);
    client.advance(1);
    client.input(Input::Visible);
    client.input(Input::Online);
    assert_eq!(client.sent_of("PING").len(), 1);
    client.advance(10_000);
    assert_eq!(client.state(), State::Reconnecting);
}
