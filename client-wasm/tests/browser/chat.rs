//! Two people chat, and the server goes away and comes back.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tidings_client::{Client, ClosedBy, Config, Credentials, Event, RoomState, State, TokenProvider};
use tidings_protocol::Code;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Heard, Server, token};

#[wasm_bindgen_test]
async fn two_clients_chat_in_a_room() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (ann, mut ann_hears) = server.client("ann").await;
    let (bob, mut bob_hears) = server.client("bob").await;
    ann.join(&general, None);
    ann_hears.joined().await;
    bob.join(&general, None);
    bob_hears.joined().await;

    ann.send(&general, "Hello \"Bob\" 👋", None);
    assert_eq!(bob_hears.message().await, "Hello \"Bob\" 👋");
    bob.send(&general, "Hello Ann", None);
    assert_eq!(ann_hears.message().await, "Hello \"Bob\" 👋");
    assert_eq!(ann_hears.message().await, "Hello Ann");

    ann.close(false);
    bob.close(false);
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_client_is_inert_until_it_connects_and_closed_for_good_when_it_closes() {
    let server = Server::launch().await;
    let client = Client::new(server.config("ann"));
    assert_eq!((client.state().state, client.queued()), (State::Idle, 0));
    let mut heard = Heard::of(&client);
    client.connect();
    heard.state(State::Connected).await;
    client.close(false);
    heard.state(State::Closed).await;
    assert_eq!(client.state().next_retry_at, None);
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn rooms_are_rejoined_and_what_was_missed_is_replayed_after_the_server_was_killed() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (ann, mut ann_hears) = server.client("ann").await;
    let (bob, mut bob_hears) = server.client("bob").await;
    for (client, heard) in [(&ann, &mut ann_hears), (&bob, &mut bob_hears)] {
        client.join(&general, None);
        heard.joined().await;
    }
    ann.send(&general, "before", None);
    assert_eq!(bob_hears.message().await, "before");

    server.kill().await;
    ann_hears.state(State::Reconnecting).await;
    bob_hears.state(State::Reconnecting).await;
    server.start().await;
    ann.reconnect_now();
    ann_hears.state(State::Connected).await;
    // Bob is still away, or just back: either way the message reaches him once.
    ann.send(&general, "after", None);
    bob.reconnect_now();
    bob_hears.state(State::Connected).await;
    assert_eq!(bob_hears.message().await, "after");

    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_token_that_does_not_count_closes_the_client() {
    let server = Server::launch().await;
    let mut config = server.config("ann");
    config.credentials = Credentials::Token("header.e30.signature".into());
    let client = Client::new(config);
    let mut heard = Heard::of(&client);
    client.connect();
    heard.state(State::Closed).await;
    assert_eq!(client.state().closed_by, Some(ClosedBy::Unauthenticated));
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_room_that_may_not_be_joined_is_refused() {
    let server = Server::launch().await;
    let (ann, _ann_hears) = server.client("ann").await;
    let body = r#"{"roomId":"board","kind":"private"}"#.to_owned();
    ann.http().post("/api/v1/rooms", Some(body)).await.unwrap();
    let (bob, mut bob_hears) = server.client("bob").await;
    bob.join(&"board".parse().unwrap(), None);
    let state = bob_hears.next("the refusal", |event| match event {
        Event::Room { state, .. } => Some(state),
        _ => None,
    });
    assert_eq!(state.await, RoomState::Refused(Code::Forbidden));
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn the_app_is_asked_for_a_token_before_each_connection() {
    let server = Server::launch().await;
    let asked = Rc::new(Cell::new(0));
    let counter = Rc::clone(&asked);
    let provider = TokenProvider::new(move |_| {
        counter.set(counter.get() + 1);
        async move { Ok(token("ann", "")) }
    });
    let client = Client::new(Config::new(&*server.url, Credentials::Provider(provider)));
    let mut heard = Heard::of(&client);
    client.connect();
    heard.state(State::Connected).await;
    assert_eq!(asked.get(), 1);
    client.http().get("/api/v1/rooms").await.unwrap();
    assert_eq!(asked.get(), 1, "what it has does for a request");

    server.kill().await;
    heard.state(State::Reconnecting).await;
    server.start().await;
    client.reconnect_now();
    heard.state(State::Connected).await;
    // An attempt of its own may have come before the one that was asked for.
    assert!(asked.get() > 1, "it is asked again, though the last one counts still");
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_fresh_token_is_fetched_when_the_last_one_does_not_count() {
    let server = Server::launch().await;
    let asked = Rc::new(RefCell::new(Vec::new()));
    let (good, log) = (token("ann", ""), Rc::clone(&asked));
    let provider = TokenProvider::new(move |fresh| {
        log.borrow_mut().push(fresh);
        let token = if fresh { good.clone() } else { "header.e30.signature".to_owned() };
        async move { Ok(token) }
    });
    let client = Client::new(Config::new(&*server.url, Credentials::Provider(provider)));
    let mut heard = Heard::of(&client);
    client.connect();
    heard.state(State::Connected).await;
    assert_eq!(client.user_id().as_deref(), Some("ann"));
    assert_eq!(asked.borrow().last(), Some(&true));
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_message_that_is_sent_along_with_the_first_join_of_a_room_is_let_in() {
    let server = Server::launch().await;
    let fresh = "a-room-that-nobody-has-made".parse().unwrap();
    let client = Client::new(server.config("ann"));
    let mut heard = Heard::of(&client);
    client.join(&fresh, None);
    let id = client.send(&fresh, "first", None);
    client.connect();
    heard.acked(&id).await;
    server.dispose().await;
}
