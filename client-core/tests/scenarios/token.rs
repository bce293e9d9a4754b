//! The token's life.

use tidings_client_core::{ClosedBy, Command, Config, Input, State};

use crate::harness::{Client, chat, config};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

#[test]
fn a_refused_token_is_replaced_and_the_client_comes_back_at_once() {
    let mut client = Client::connected(&[]);
    client.close(Some(4001));
    assert_eq!(client.until_next_attempt(), 0);
    assert!(client.connects[1].fresh_token);
    client.greet();
    client.advance(10_000);
    client.close(None);
    client.until_next_attempt();
    assert!(!client.connects[2].fresh_token);
}

#[test]
fn a_second_refusal_in_a_row_is_a_failure_like_any_other() {
    let refused_twice = |seed| {
        let mut client = Client::new(Config { seed: [seed, 1], ..config() });
        client.command(Command::Connect);
        client.close(Some(4001));
        client.until_next_attempt();
        client.close(Some(4001));
        client.until_next_attempt()
    };
    let longest = (1..50).map(refused_twice).max().unwrap();
    assert!((700..=1_000).contains(&longest), "the wait is drawn from up to a second: {longest}");
}

#[test]
fn without_another_token_a_refusal_is_final() {
    let mut client = Client::new(Config { refreshable_token: false, ..config() });
    client.command(Command::Connect);
    client.close(Some(4001));
    client.advance(60_000);
    let status = client.session.status();
    assert_eq!((status.state, status.closed_by), (State::Closed, Some(ClosedBy::Unauthenticated)));
}

#[test]
fn a_token_that_expires_is_replaced_in_band() {
    let mut client = Client::connected(&[]);
    for _ in 0..3 {
        client.receive("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "2026-01-01T00:01:00.000Z"}));
    }
    assert_eq!(client.token_wishes, 1, "one wish for a token is enough");
    client.input(Input::TokenReady("fresh".into()));
    let sent = client.sent_of("AUTHENTICATE");
    assert_eq!((sent.len(), &sent[0]["token"]), (1, &json!("fresh")));
    let answer = json!({"id": sent[0]["id"], "expiresAt": "2026-01-01T01:00:00.000Z"});
    client.receive("SYSTEM", "AUTHENTICATED", &answer);
    client.receive("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "2026-01-01T01:00:00.000Z"}));
    assert_eq!(client.token_wishes, 2);
}

#[test]
fn a_token_that_comes_without_a_connection_is_left_to_the_next_one() {
    let mut client = Client::connected(&[]);
    client.receive("SYSTEM", "TOKEN_EXPIRING", &json!({"expiresAt": "2026-01-01T00:01:00.000Z"}));
    client.close(None);
    client.input(Input::TokenReady("fresh".into()));
    assert_eq!(client.sent_of("AUTHENTICATE").len(), 0);
}

#[test]
fn a_message_refused_for_its_token_is_not_failed() {
    let mut client = Client::connected(&[("general", 0)]);
    let id = client.send(chat("general", "hi"));
    client.refuse(&id, "UNAUTHENTICATED", None);
    assert_eq!((client.token_wishes, client.session.queued()), (1, 1));
    client.close(Some(4001));
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.sent_of("CHAT_MESSAGE")[0]["id"], id.as_str());
}
