//! Looks at a better transport, and the move up to it.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

/// The connection by which the client looks at the socket, after the time for it has come.
fn look(client: &mut Client) -> ConnId {
    let connects = client.connects.len();
    while client.connects.len() == connects {
        client.advance(1_000);
        client.chunk(": keep-alive\n\n");
    }
    let look = client.connects.last().unwrap().clone();
    assert_eq!(look.transport, Transport::WebSocket);
    assert!(!look.payload.contains(client.session.client_session()), "a look ends nothing for the session");
    look.conn
}

#[test]
fn a_look_in_vain_changes_nothing_and_the_next_one_comes_later() {
    let mut client = fallen();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let start = client.now;
        let look = look(&mut client);
        waits.push(client.now - start);
        client.fail_socket(look, true);
        assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Stream));
    }
    assert!(waits[0] <= 30_000 && waits[3] > waits[0] && waits[3] >= 120_000, "{waits:?}");
}

#[test]
fn when_a_socket_gets_through_the_client_moves_to_it_and_sends_again_what_was_on_its_way_by_a_post() {
    let mut client = fallen();
    client.join("general");
    assert_eq!(client.accept_post(), ["JOIN_ROOM"]);
    client.stream(&greeting());
    client.stream(&participants("general", 7));
    let stream = client.asked(Transport::Stream).0;
    let id = client.send(chat("general", "by a post"));
    client.send(chat("general", "behind it"));
    let (post, _) = client.posted();
    let look = look(&mut client);
    client.conn = Some(look);
    client.input(Input::Frame(look, greeting().to_string()));
    for conn in [look, stream, post] {
        assert!(client.closes.contains(&(conn, 1000)));
    }
    let connect = client.connects.last().unwrap();
    assert_eq!((connect.transport, client.transport()), (Transport::WebSocket, Transport::WebSocket));
    assert!(connect.payload.contains(client.session.client_session()));
    assert_eq!(client.state(), State::Connected, "nobody sees the move");
    client.events();
    client.greet();
    client.participants("general", 8, 7);
    assert_eq!(client.contents(), ["by a post"], "one after the other, under the same ids");
    client.command(Command::Cancel { id: id.clone() });
    assert!(!client.states_of(&id).contains(&SendState::Cancelled), "the server may have it");
    client.ack(&id, 8);
    assert_eq!(client.contents(), ["behind it"]);
}

#[test]
fn a_stream_that_gets_through_takes_the_place_of_polls() {
    let allowed = Transports::NONE.with(Transport::Stream).with(Transport::Poll);
    let mut client = Client::new(Config { transports: allowed, ..config() });
    client.command(Command::Connect);
    for _ in 0..2 {
        client.fail(client.requests.last().unwrap().id, None, true);
        client.until_next_attempt();
    }
    client.greet_poll();
    let poll = client.asked(Transport::Poll).0;
    let connects = client.connects.len();
    while client.connects.len() == connects {
        client.advance(1_000);
    }
    let look = client.requests.last().unwrap().clone();
    assert!(!look.body.contains(client.session.client_session()), "a look ends nothing for the session");
    let event = format!("event: frame\ndata: {}\n\n", greeting());
    client.relay(|relay, now| relay.chunk(look.id, &event, now));
    assert!(client.closes.contains(&(poll, 1000)) && client.closes.contains(&(look.id, 1000)));
    assert_eq!(client.state(), State::Connected, "nobody sees the move");
    client.greet_stream();
    assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Stream));
}

#[test]
fn a_link_to_another_pages_connection_goes_as_that_goes_and_looks_at_nothing() {
    let mut client = Client::new(config());
    client.command(Command::Connect);
    for (via, transport) in
        [("poll", Transport::Poll), ("websocket", Transport::WebSocket), ("stream", Transport::Stream)]
    {
        client.greet_with(&json!({ "via": via }));
        assert_eq!((client.state(), client.transport()), (State::Connected, transport));
        let connects = client.connects.len();
        for _ in 0..10 {
            client.advance(20_000);
            client.message("general", 1);
        }
        assert_eq!(client.connects.len(), connects);
        // The page that has it waits, and hands over its own state.
        let closed =
            Closed { code: Some(1012), retry_after_ms: Some(0), attempts: Some(1), ..Closed::default() };
        client.input(Input::Closed(client.conn.unwrap(), closed));
        client.until_next_attempt();
        assert_eq!(
            client.connects.last().unwrap().transport,
            transport,
            "should it lead, it begins with that"
        );
    }
}

#[test]
fn another_network_is_a_reason_to_look_at_once() {
    let mut client = fallen();
    let connects = client.connects.len();
    client.input(Input::Online);
    client.advance(500);
    assert_eq!(client.connects.len(), connects + 1);
    let mut client = fallen();
    client.fail_main();
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
            client.fail_main();
            client.until_next_attempt();
            client.greet_stream();
        }
        assert!(client.now - start < 60_000, "a look is due within 30 s");
    }
    assert_eq!(client.transport(), Transport::Stream);
}
