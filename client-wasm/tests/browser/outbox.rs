//! What was sent while there was no server arrives: once, in order, also after the page was left.

use std::cell::Cell;

use tidings_client::{Client, Config, Credentials, State, TokenProvider, Transport, Transports};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Heard, Server, token};

#[wasm_bindgen_test]
async fn what_was_sent_while_the_server_was_down_arrives_once_and_in_order() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (ann, mut ann_hears) = server.client("ann").await;
    let (bob, mut bob_hears) = server.client("bob").await;
    for (client, heard) in [(&ann, &mut ann_hears), (&bob, &mut bob_hears)] {
        client.join(&general, None);
        heard.joined().await;
    }

    server.kill().await;
    ann_hears.state(State::Reconnecting).await;
    let sent: Vec<String> = (0..20).map(|n| format!("message {n}")).collect();
    for text in &sent {
        ann.send(&general, text.as_str(), None);
    }
    assert_eq!(ann.queued(), 20);
    server.start().await;

    let mut received = Vec::new();
    while received.len() < sent.len() {
        received.push(bob_hears.message().await);
    }
    assert_eq!(received, sent);
    // One more, so that a message that came twice would be seen before it.
    let last = ann.send(&general, "the end", None);
    assert_eq!(bob_hears.message().await, "the end");
    ann_hears.acked(&last).await;
    assert_eq!(ann.queued(), 0);
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn what_was_typed_while_the_server_was_down_survives_a_reload() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (ann, mut ann_hears) = server.client("ann").await;
    ann.join(&general, None);
    ann_hears.joined().await;
    server.kill().await;
    ann_hears.state(State::Reconnecting).await;
    let id = ann.send(&general, "do not lose this", None);
    ann_hears.kept(&id).await;
    // A page that is left does no more than this.
    ann.close(false);
    drop((ann, ann_hears));

    let next_page = Client::new(server.config("ann"));
    let mut heard = Heard::of(&next_page);
    heard.kept(&id).await;
    assert_eq!(next_page.outbox().len(), 1);
    next_page.connect();
    server.start().await;
    next_page.reconnect_now();
    heard.acked(&id).await;
    assert_eq!(next_page.outbox().len(), 0);
    next_page.close(false);
    assert_eq!(found(&server, "ann").await, 0);
    server.dispose().await;
}

/// A client that knows its user only when it has fetched a token.
fn by_provider(server: &Server, user: &'static str) -> Client {
    let provider = TokenProvider::new(move |_| async move { Ok(token(user, "")) });
    Client::new(Config::new(&*server.url, Credentials::Provider(provider)))
}

/// How many entries a new page of the user finds.
async fn found(server: &Server, user: &str) -> usize {
    let page = Client::new(server.config(user));
    let mut heard = Heard::of(&page);
    // Told as kept only after all that is there.
    let own = page.send(&"general".parse().unwrap(), "mine", None);
    heard.kept(&own).await;
    let found = page.outbox().len() - 1;
    page.cancel(&own);
    page.close(false);
    found
}

#[wasm_bindgen_test]
fn a_token_says_whose_the_outbox_is_and_one_of_another_kind_does_not() {
    let named_by = |token: &str| {
        Client::new(Config::new("http://localhost:1", Credentials::Token(token.to_owned()))).user_id()
    };
    for user in ["ann", "zoë", "?>~ÿ"] {
        assert_eq!(named_by(&token(user, "")).as_deref(), Some(user));
    }
    for opaque in ["", "opaque", "a.b.c", "a.e30.c"] {
        assert_eq!(named_by(opaque), None, "{opaque}");
    }
}

#[wasm_bindgen_test]
async fn another_account_never_finds_the_first_ones_messages() {
    let server = Server::launch().await;
    server.kill().await;
    let general = "general".parse().unwrap();
    let ann = Client::new(server.config("ann"));
    let mut heard = Heard::of(&ann);
    let id = ann.send(&general, "mine", None);
    heard.kept(&id).await;
    ann.close(false);
    assert_eq!(found(&server, "an").await, 0);
    assert_eq!(found(&server, "bob").await, 0);
    assert_eq!(found(&server, "ann").await, 1);
    // Signing out erases it.
    let ann = Client::new(server.config("ann"));
    Heard::of(&ann).kept(&id).await;
    ann.close(true);
    assert_eq!(found(&server, "ann").await, 0);
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn signing_out_erases_what_is_kept_also_before_it_was_read_and_after_the_close() {
    let server = Server::launch().await;
    server.kill().await;
    let general = "general".parse().unwrap();
    for is_closed in [false, true] {
        let ann = Client::new(server.config("ann"));
        let mut heard = Heard::of(&ann);
        let id = ann.send(&general, "mine", None);
        heard.kept(&id).await;
        ann.close(false);
        if is_closed {
            ann.close(true);
        } else {
            by_provider(&server, "ann").close(true);
        }
        drop((ann, heard));
        // Erasing it has no event; it comes before a later page reads it, or soon after.
        let mut left = found(&server, "ann").await;
        for _ in 0..20 {
            if left == 0 {
                break;
            }
            left = found(&server, "ann").await;
        }
        assert_eq!(left, 0);
    }
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_message_is_not_saving_for_ever_where_the_first_token_could_not_be_had() {
    let server = Server::launch().await;
    server.kill().await;
    let general = "general".parse().unwrap();
    let polls = Transports::NONE.with(Transport::Poll);
    for (transports, token) in [(polls, token("ann", "")), (Transports::ALL, "opaque".to_owned())] {
        let failures = Cell::new(1);
        let provider = TokenProvider::new(move |_| {
            let fails = failures.replace(0) > 0;
            let token = token.clone();
            async move { if fails { Err("not yet".to_owned()) } else { Ok(token) } }
        });
        let config = Config::new(&*server.url, Credentials::Provider(provider));
        let client = Client::new(Config { transports, ..config });
        let mut heard = Heard::of(&client);
        let id = client.send(&general, "do not lose this", None);
        client.connect();
        heard.kept(&id).await;
        client.close(true);
    }
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn a_closed_client_goes_on_with_what_nobody_took_over() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (ann, mut heard) = server.client("ann").await;
    ann.join(&general, None);
    heard.joined().await;
    server.kill().await;
    heard.state(State::Reconnecting).await;
    let id = ann.send(&general, "one", None);
    heard.kept(&id).await;
    ann.close(false);
    let late = ann.send(&general, "two", None);
    server.start().await;
    ann.connect();
    heard.acked(&id).await;
    heard.acked(&late).await;
    assert_eq!(ann.queued(), 0);
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn the_outbox_is_found_too_when_only_a_fetched_token_says_whose_it_is() {
    let server = Server::launch().await;
    let general = "general".parse().unwrap();
    let (member, mut joined) = server.client("ann").await;
    member.join(&general, None);
    joined.joined().await;
    member.close(false);
    server.kill().await;
    let first = by_provider(&server, "ann");
    let mut heard = Heard::of(&first);
    // Before anybody knows whose message it is.
    let id = first.send(&general, "do not lose this", None);
    first.connect();
    heard.kept(&id).await;
    first.close(false);
    drop((first, heard));

    let next_page = by_provider(&server, "ann");
    let mut heard = Heard::of(&next_page);
    next_page.connect();
    heard.kept(&id).await;
    server.start().await;
    next_page.reconnect_now();
    heard.acked(&id).await;
    server.dispose().await;
}
