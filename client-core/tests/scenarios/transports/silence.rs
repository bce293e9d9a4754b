//! Streams and polls that say nothing any more.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

#[test]
fn a_silent_stream_is_opened_anew_and_dead_after_thirty_five_seconds_and_a_comment_keeps_it() {
    let mut client = Client::in_general(Transport::Stream);
    for _ in 0..4 {
        client.advance(15_000);
        client.chunk(": keep-alive\n\n");
    }
    let first = client.asked(Transport::Stream).0;
    client.advance(24_999);
    assert_eq!(client.asked(Transport::Stream).0, first);
    client.advance(1);
    assert!(client.asked(Transport::Stream).0 != first && client.closes.contains(&(first, 1000)));
    client.advance(9_999);
    assert_eq!(client.state(), State::Connected);
    client.advance(1);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn where_a_silent_stream_is_opened_anew_and_says_something_nobody_sees_it() {
    let mut client = Client::in_general(Transport::Stream);
    client.events();
    client.advance(25_000);
    client.stream(&greeting());
    client.stream(&participants("general", 7));
    client.advance(24_999);
    assert_eq!((client.state(), client.session.is_joined("general")), (State::Connected, true));
    assert!(!client.events().iter().any(|event| matches!(event, Event::Disconnected { .. })));
}

#[test]
fn a_poll_that_nobody_answers_is_asked_again_and_dead_after_thirty_five_seconds() {
    let mut client = Client::in_general(Transport::Poll);
    client.advance(24_999);
    let first = client.asked(Transport::Poll).0;
    client.advance(1);
    let (second, body) = client.asked(Transport::Poll);
    assert!(second != first && client.closes.contains(&(first, 1000)));
    assert_eq!(body.wait_ms, Some(0), "it is answered at once");
    client.advance(9_999);
    assert_eq!(client.state(), State::Connected);
    client.advance(1);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn after_a_sleep_the_poll_is_asked_again_and_its_answer_read_before_it_counts_as_dead() {
    let mut client = Client::in_general(Transport::Poll);
    client.advance(5_000);
    client.sleep(3_600_000);
    client.advance(1);
    assert_eq!(client.state(), State::Connected);
    client.answer_poll(&[message("general", 8)]);
    client.advance(5_000);
    assert_eq!((client.state(), client.shown_seqs()), (State::Connected, vec![8]));
}
