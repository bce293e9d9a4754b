//! Looks at a better transport, and the move up to it.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

/// The connection by which the client looks at the socket, after the time for it has come.
fn look(client: &mut Client) -> ConnId {
    let stream = client.asked(Transport::Stream).0;
    let connects = client.connects.len();
    while client.connects.len() == connects {
        client.advance(1_000);
        client.input(Input::Chunk(stream, b": keep-alive\n\n".to_vec()));
    }
    let look = client.connects.last().unwrap().clone();
    assert_eq!(look.transport, Transport::WebSocket);
    assert!(!look.payload.contains(client.session.client_session()), "a look ends nothing for the session");
    look.conn
}

#[test]
fn a_look_in_vain_changes_nothing_and_the_next_one_comes_later() {
    let mut client = fallen();
    let stream = client.asked(Transport::Stream).0;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let start = client.now;
        let look = look(&mut client);
        waits.push(client.now - start);
        client.fail(look, None, true);
        assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Stream));
        // The stream is still the one in use.
        client.connects.push(Connect {
            conn: stream,
            transport: Transport::Stream,
            payload: r#"{"clientSession":"s"}"#.into(),
            fresh_token: false,
        });
    }
    assert!(waits[0] <= 30_000 && waits[3] > waits[0] && waits[3] >= 120_000, "{waits:?}");
}

#[test]
fn when_a_socket_gets_through_the_client_moves_to_it_and_waits_for_the_post_on_its_way() {
    let mut client = fallen();
    client.join("general");
    assert_eq!(client.accept_post(), ["JOIN_ROOM"]);
    client.stream(&greeting());
    client.stream(&participants("general", 7));
    let stream = client.asked(Transport::Stream).0;
    let id = client.send(chat("general", "by a post"));
    let (post, frames) = client.posted();
    let look = look(&mut client);
    client.conn = Some(look);
    client.input(Input::Frame(look, greeting().to_string()));
    assert!(client.closes.contains(&(look, 1000)) && client.closes.contains(&(stream, 1000)));
    let connect = client.connects.last().unwrap();
    assert_eq!((connect.transport, client.transport()), (Transport::WebSocket, Transport::WebSocket));
    assert!(connect.payload.contains(client.session.client_session()));
    assert_eq!(client.state(), State::Connected, "nobody sees the move");
    client.events();
    client.greet();
    client.participants("general", 8, 7);
    assert!(client.sent_of("CHAT_MESSAGE").is_empty(), "it may yet be answered");
    client.input(Input::Answer(post, json!({"frames": [ack(&frames[0]["id"])]}).to_string()));
    assert!(matches!(client.states_of(&id)[..], [SendState::Acked { .. }]));
    client.send(chat("general", "by the socket"));
    assert_eq!(client.contents(), ["by the socket"]);
}

#[test]
fn a_post_that_fails_after_the_move_is_sent_again_by_the_socket() {
    let mut client = fallen();
    client.send(chat("general", "one"));
    let (post, frames) = client.posted();
    let look = look(&mut client);
    client.conn = Some(look);
    client.input(Input::Frame(look, greeting().to_string()));
    client.greet();
    client.sent();
    client.fail(post, None, false);
    assert_eq!(client.state(), State::Connected);
    assert_eq!(client.sent()[0]["id"], frames[0]["id"]);
}

#[test]
fn another_network_is_a_reason_to_look_at_once() {
    let mut client = fallen();
    let connects = client.connects.len();
    client.input(Input::Online);
    client.advance(500);
    assert_eq!(client.connects.len(), connects + 1);
    let mut client = fallen();
    let stream = client.asked(Transport::Stream).0;
    client.fail(stream, None, false);
    client.input(Input::Online);
    assert_eq!(client.transport(), Transport::WebSocket, "without a connection it begins at the top");
}

#[test]
fn streams_that_are_cut_early_do_not_put_off_the_look() {
    let mut client = fallen();
    let start = client.now;
    let is_look = |connect: &Connect| connect.transport == Transport::WebSocket;
    let looks = client.connects.iter().filter(|connect| is_look(connect)).count();
    while client.connects.iter().filter(|connect| is_look(connect)).count() == looks {
        client.advance(10_500);
        if !is_look(client.connects.last().unwrap()) {
            let stream = client.asked(Transport::Stream).0;
            client.fail(stream, None, false);
            client.until_next_attempt();
            client.stream(&greeting());
        }
        assert!(client.now - start < 60_000, "a look is due within 30 s");
    }
    assert_eq!(client.transport(), Transport::Stream);
}
