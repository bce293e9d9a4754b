//! Polls beside the stream or poll in use.

use super::*;
#[cfg(target_arch = "wasm32")]
use crate::test;

/// By polls one page is in the rooms `r` and `s`, and what the other is to be told of `r` is asked for beside.
fn asked_beside() -> Shared {
    let mut shared = Shared::of_two(Transport::Poll);
    for room in ["r", "s"] {
        shared.join(OWN, room, None);
        shared.answer(&[participants(room, 6)]);
    }
    shared.join(TWO, "r", None);
    shared.answer(&[]);
    shared
}

/// By a stream two pages stand at different notifications, and what lies behind the older one is asked for beside.
fn stood_apart() -> Shared {
    let mut shared = Shared::open(Transport::Stream, r#"{"clientSession":"s~1","notificationsAfter":""}"#);
    for (link, cursor) in [(OWN, "c5"), (TWO, "c3")] {
        shared.say(link, &json!({"type": "RESUME", "id": cursor, "rooms": [], "inboxAfter": 7, "notificationsAfter": cursor}));
        shared.answer(&[]);
    }
    shared
}

#[test]
fn by_polls_a_page_that_knows_nothing_of_a_room_is_told_by_a_poll_beside_who_is_in_it() {
    let mut shared = Shared::of_two(Transport::Poll);
    shared.join(OWN, "r", None);
    assert_eq!(shared.body().wait_ms, Some(0));
    shared.answer(&[participants("r", 6)]);
    shared.join(TWO, "r", None);
    shared.look();
    assert_eq!((shared.rooms(), shared.body().wait_ms), (vec![("r".into(), Some(5))], Some(0)));
    shared.answer(&[]);
    assert_eq!(shared.look()[0], (2, "ACK".into()));
    let beside = shared.body();
    assert_eq!((shared.rooms(), beside.wait_ms), (vec![("r".into(), None)], Some(0)));
    assert_eq!(beside.client_session.as_str(), "s~1+", "it does not end the one in use");
    assert!(beside.aside, "it shows nobody");
    shared.look();
    shared.answer(&[participants("r", 6)]);
    assert_eq!(shared.look(), told(&[(0, "ROOM_PARTICIPANTS"), (2, "ROOM_PARTICIPANTS")]));
    assert!(shared.body().wait_ms > Some(0) && shared.requests.len() == 1, "one poll waits");
}

#[test]
fn a_page_that_stands_elsewhere_in_the_notifications_catches_up_beside() {
    let mut shared = Shared::open(Transport::Stream, r#"{"clientSession":"s~1","notificationsAfter":""}"#);
    let resume = |id: &str, cursor: &str| json!({"type": "RESUME", "id": id, "rooms": [], "inboxAfter": 7, "notificationsAfter": cursor});
    shared.say(OWN, &resume("a", "c5"));
    assert_eq!(shared.body().notifications_after.as_deref(), Some("c5"));
    shared.answer(&[]);
    shared.say(TWO, &resume("b", "c3"));
    assert_eq!(
        shared.body().notifications_after.as_deref(),
        Some("c5"),
        "nobody but the server knows which lies behind"
    );
    shared.look();
    shared.answer(&[]);
    assert_eq!(shared.look(), told(&[(2, "ACK")]));
    let beside = shared.body();
    assert_eq!((beside.notifications_after.as_deref(), beside.wait_ms), (Some("c3"), Some(0)));
    shared.answer(&[frame("NOTIFICATION", "NOTIFICATION", &json!({"id": "n4", "cursor": "c4"}))]);
    assert_eq!(shared.look(), told(&[(0, "NOTIFICATION"), (2, "NOTIFICATION")]), "who has seen it drops it");
    let beside = shared.body();
    assert_eq!(
        beside.notifications_after.as_deref(),
        Some("c4"),
        "an answer may have ended before all of it"
    );
    shared.answer(&[]);
    assert_eq!(shared.requests.len(), 1, "that was all");
    shared.join(TWO, "r", None);
    assert_eq!(shared.body().notifications_after.as_deref(), Some("c5"), "the connection has not moved");
}

#[test]
fn a_poll_beside_that_is_refused_ends_nothing_and_is_asked_again_when_the_stream_is_opened_anew() {
    let mut shared = stood_apart();
    assert_eq!(shared.body().notifications_after.as_deref(), Some("c3"));
    shared.refuse_beside();
    assert_eq!((&shared.closed, shared.requests.len()), (&None, 1), "the stream goes on");
    shared.join(TWO, "r", None);
    shared.answer(&[participants("r", 6)]);
    assert_eq!(shared.body().notifications_after.as_deref(), Some("c3"));
    assert_eq!(shared.body().client_session.as_str(), "s~1+");
}

#[test]
fn rooms_that_were_asked_for_beside_in_vain_are_asked_for_again_before_those_that_came_to_it() {
    let mut shared = asked_beside();
    assert_eq!(shared.rooms(), [("r".into(), None)]);
    shared.refuse_beside();
    assert_eq!((&shared.closed, shared.requests.len()), (&None, 1), "the poll waits on");
    shared.join(TWO, "s", None);
    shared.answer(&[]);
    for room in ["r", "s"] {
        assert_eq!(shared.rooms(), [(room.into(), None)]);
        shared.answer(&[participants(room, 6)]);
    }
    assert!(shared.body().wait_ms > Some(0) && shared.requests.len() == 1, "that was all");
}

#[test]
fn a_poll_beside_that_failed_does_not_bring_back_into_a_room_that_was_left_meanwhile() {
    let mut shared = asked_beside();
    shared.refuse_beside();
    for link in [OWN, TWO] {
        shared.say(link, &json!({"type": "LEAVE_ROOM", "id": "l", "roomId": "r"}));
    }
    shared.post(ack);
    shared.now += 20_000;
    shared.answer(&[]);
    assert!(shared.rooms().iter().all(|(room, _)| room != "r"));
    assert_eq!(shared.requests.len(), 1, "nothing is asked for beside");
}

#[test]
fn what_failed_beside_a_stream_is_asked_for_again_after_a_while() {
    let mut shared = stood_apart();
    shared.refuse_beside();
    let stream = shared.requests[0].id;
    shared.now += 15_000;
    shared.relay.chunk(stream, ": keep-alive\n\n", Instant::from_millis(shared.now));
    shared.drain();
    assert_eq!(shared.body().notifications_after.as_deref(), Some("c3"));
}
