//! Frames that are sent by requests: one on its way at a time, and what becomes of one that is not answered.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

#[test]
fn a_page_in_the_servers_place_is_no_answer_to_a_post_and_nothing_overtakes_what_it_held() {
    let mut client = Client::in_general(Transport::Stream);
    client.send(chat("general", "one"));
    let (conn, first) = client.posted();
    client.answer(conn, "<html>sign in</html>");
    client.send(chat("general", "two"));
    assert!(client.posts.is_empty(), "nobody knows what became of the first");
    assert_eq!(client.state(), State::Reconnecting);
    client.until_next_attempt();
    client.greet_stream();
    let (_, again) = client.posted();
    assert_eq!(again, first);
}

#[test]
fn one_post_is_on_its_way_and_what_was_sent_meanwhile_goes_with_the_next() {
    let mut client = Client::in_general(Transport::Stream);
    client.send(chat("general", "one"));
    client.send(chat("general", "two"));
    client.command(Command::Typing { room: room("general"), is_typing: true });
    let (conn, first) = client.posted();
    assert_eq!(first[0]["content"], "one");
    client.answer(conn, &json!({"frames": [ack(&first[0]["id"])]}).to_string());
    let (_, second) = client.posted();
    let types: Vec<&str> = second.iter().map(|f| f["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["CHAT_MESSAGE", "TYPING"]);
    assert_eq!(second[0]["after"], first[0]["id"]);
}

#[test]
fn a_post_whose_answer_is_lost_is_sent_again_with_the_same_ids() {
    let mut client = Client::in_general(Transport::Poll);
    let id = client.send(chat("general", "one"));
    let (conn, first) = client.posted();
    client.fail(conn, None, false);
    assert_eq!(client.state(), State::Reconnecting);
    client.command(Command::Cancel { id: id.clone() });
    assert!(!client.states_of(&id).contains(&SendState::Cancelled), "the server may have it");
    client.until_next_attempt();
    client.greet_poll();
    let (_, again) = client.posted();
    assert_eq!(again, first);
}

#[test]
fn what_a_lost_post_held_cannot_be_dropped_even_when_its_second_sending_was_refused_for_now() {
    let mut client = Client::in_general(Transport::Poll);
    let id = client.send(chat("general", "one"));
    let (conn, _) = client.posted();
    client.fail(conn, None, false);
    client.until_next_attempt();
    client.greet_poll();
    let (conn, again) = client.posted();
    let refusal = json!({"error": "no", "code": "UNAVAILABLE", "id": again[0]["id"], "retryAfterMs": 1_000});
    let answer = json!({"frames": [frame("ERROR", "MESSAGE", &refusal)]});
    client.answer(conn, &answer.to_string());
    client.command(Command::Cancel { id: id.clone() });
    assert!(!client.states_of(&id).contains(&SendState::Cancelled), "the first one may still arrive");
    client.advance(1_000);
    assert_eq!(client.accept_post(), ["CHAT_MESSAGE"]);
}

#[test]
fn a_room_is_left_by_a_post_and_no_longer_named() {
    let mut client = Client::in_general(Transport::Poll);
    client.command(Command::Leave { room: room("general") });
    assert_eq!(client.accept_post(), ["LEAVE_ROOM"]);
    let left = Event::Room { room: room("general"), state: RoomState::Left };
    assert!(client.events().contains(&left));
    client.advance(20_000);
    client.answer_poll(&[]);
    assert_eq!(client.asked(Transport::Poll).1.rooms.len(), 0);
}

#[test]
fn a_room_that_is_wanted_no_longer_before_its_stream_came_is_left_behind_it() {
    let mut client = Client::in_general(Transport::Stream);
    client.send(chat("general", "one"));
    let (conn, first) = client.posted();
    client.join("left");
    client.join("kept");
    client.answer(conn, &json!({"frames": [ack(&first[0]["id"])]}).to_string());
    let (conn, joins) = client.posted();
    assert_eq!(joins.len(), 2);
    client.command(Command::Leave { room: room("left") });
    let answers = joins.iter().map(|join| ack(&join["id"])).collect::<Vec<_>>();
    client.answer(conn, &json!({ "frames": answers }).to_string());
    let rooms = client.asked(Transport::Stream).1.rooms;
    assert_eq!(
        rooms.iter().map(|r| r.room_id.as_str()).collect::<Vec<_>>(),
        ["general", "left", "kept"],
        "once for both"
    );
    client.stream(&greeting());
    client.stream(&participants("left", 0));
    assert_eq!(client.accept_post(), ["LEAVE_ROOM"]);
    client.stream(&participants("kept", 0));
    assert!(client.session.is_joined("kept") && !client.session.is_known("left"));
}

#[test]
fn a_room_whose_leave_is_refused_for_now_and_that_is_wanted_again_is_named_again() {
    for transport in [Transport::Stream, Transport::Poll] {
        let mut client = Client::in_general(transport);
        client.command(Command::Leave { room: room("general") });
        let (conn, frames) = client.posted();
        client.join("general");
        let refusal =
            json!({"error": "no", "code": "UNAVAILABLE", "id": frames[0]["id"], "retryAfterMs": 1_000});
        let answer = json!({"frames": [frame("ERROR", "MESSAGE", &refusal)]});
        client.answer(conn, &answer.to_string());
        client.advance(1_000);
        assert_eq!(client.accept_post(), ["JOIN_ROOM"]);
        assert_eq!(client.asked(transport).1.rooms.len(), 1);
    }
}

#[test]
fn a_long_outbox_keeps_no_room_waiting_for_its_stream() {
    let mut client = Client::in_general(Transport::Stream);
    for n in 0..200 {
        client.send(chat("general", &n.to_string()));
    }
    client.accept_post();
    client.join("other");
    client.accept_post();
    assert!(client.accept_post().contains(&"JOIN_ROOM".to_owned()));
    let rooms = client.asked(Transport::Stream).1.rooms;
    assert!(rooms.iter().any(|r| r.room_id.as_str() == "other"), "{rooms:?}");
    assert!(client.session.queued() > 32 && client.posts.len() == 1, "and the outbox goes on besides");
}

/// Nobody but the connection itself has its client session.
#[test]
fn a_poll_that_was_fenced_by_one_before_it_is_asked_again() {
    let mut client = Client::in_general(Transport::Poll);
    let conn = client.asked(Transport::Poll).0;
    client.fail(conn, Some(4009), true);
    assert_eq!(client.state(), State::Reconnecting);
    client.until_next_attempt();
    client.greet_poll();
    assert_eq!((client.state(), client.transport()), (State::Connected, Transport::Poll));
}

#[test]
fn a_post_that_found_another_counts_nothing_against_the_transport() {
    let mut client = fallen();
    client.send(chat("general", "one"));
    for _ in 0..3 {
        let (conn, _) = client.posted();
        client.fail(conn, Some(4009), true);
        client.until_next_attempt();
        assert_eq!(client.transport(), Transport::Stream);
        client.greet_stream();
    }
    assert_eq!(client.accept_post(), ["CHAT_MESSAGE"]);
}

/// What was given up may arrive tens of seconds later. As one of the same client session, it would put the user out of a
/// room that was joined again meanwhile, or end the poll that has taken its place.
#[test]
fn each_connection_is_another_client_session() {
    let mut client = Client::in_general(Transport::Poll);
    let first = client.asked(Transport::Poll).1.client_session;
    client.command(Command::Leave { room: room("general") });
    let (conn, frames) = client.posted();
    assert_eq!(frames[0]["type"], "LEAVE_ROOM");
    client.fail(conn, None, false);
    client.until_next_attempt();
    let second = client.asked(Transport::Poll).1.client_session;
    assert_ne!(second, first);
    client.greet_poll();
    assert_eq!(client.accept_post(), ["LEAVE_ROOM"]);
}
