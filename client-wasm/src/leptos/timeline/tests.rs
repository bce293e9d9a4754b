//! Echo, acknowledgement and history in every order come to the same window.

use tidings_protocol::{RoomId, Timestamp};

use super::*;

fn me() -> UserId {
    UserId::new("me").unwrap()
}

fn message(seq: u64, sender: &str, client_id: Option<&str>) -> Message {
    Message {
        message_id: MessageId::new(format!("m{seq}")).unwrap(),
        room_id: RoomId::new("r").unwrap(),
        seq,
        sender_id: UserId::new(sender).unwrap(),
        sender_name: None,
        content: format!("text {seq}"),
        timestamp: Timestamp::from_millis(i64::try_from(seq).unwrap()),
        reply_to: None,
        client_id: client_id.map(|id| ClientId::new(id).unwrap()),
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

fn pages(range: std::ops::RangeInclusive<u64>) -> Vec<Message> {
    range.map(|seq| message(seq, "ann", None)).collect()
}

fn queued(id: &str) -> ChatItem {
    ChatItem::queued(ClientId::new(id).unwrap(), &me(), "hi".into(), None, 0)
}

fn keys(timeline: &Timeline) -> Vec<&str> {
    timeline.items().map(|item| &*item.key).collect()
}

fn loaded(range: std::ops::RangeInclusive<u64>) -> Timeline {
    let mut timeline = Timeline::new(me());
    timeline.replace(&pages(range), false, false);
    timeline
}

#[test]
fn an_own_message_keeps_its_key_whether_ack_or_echo_comes_first() {
    let id = ClientId::new("c1").unwrap();
    let echo = message(3, "me", Some("c1"));
    let mut ack_first = loaded(1..=2);
    ack_first.queue(queued("c1"));
    ack_first.acked(&id, echo.message_id.clone(), 3);
    ack_first.receive(&echo);

    let mut echo_first = loaded(1..=2);
    echo_first.queue(queued("c1"));
    echo_first.receive(&echo);
    echo_first.acked(&id, echo.message_id.clone(), 3);

    for timeline in [&ack_first, &echo_first] {
        assert_eq!(keys(timeline), ["m1", "m2", "c1"]);
        assert_eq!(timeline.get("c1").unwrap().delivery, Delivery::Sent);
        assert_eq!(timeline.get("c1").unwrap().content, "text 3");
    }
}

#[test]
fn two_senders_with_one_client_id_are_two_messages() {
    let mut timeline = loaded(1..=1);
    timeline.queue(queued("1"));
    assert!(timeline.receive(&message(2, "ann", Some("1"))));
    assert_eq!(keys(&timeline), ["m1", "m2", "1"]);
}

#[test]
fn messages_that_come_while_the_page_is_read_are_not_lost() {
    let mut timeline = Timeline::new(me());
    timeline.receive(&message(3, "ann", None));
    timeline.receive(&message(4, "ann", None));
    timeline.replace(&pages(1..=3), false, false);
    assert_eq!(keys(&timeline), ["m1", "m2", "m3", "m4"]);
}

#[test]
fn a_message_that_comes_twice_is_shown_once_and_keeps_its_reactions() {
    let mut timeline = loaded(1..=2);
    let reaction = |user: &str, removed| Reaction {
        room_id: RoomId::new("r").unwrap(),
        message_id: MessageId::new("m2").unwrap(),
        seq: 9,
        user_id: UserId::new(user).unwrap(),
        emoji: "👍".into(),
        removed,
        inbox_seq: None,
        client_id: None,
    };
    timeline.reacted(&reaction("ann", false));
    timeline.reacted(&reaction("me", false));
    timeline.reacted(&reaction("me", false));
    assert!(!timeline.receive(&message(2, "ann", None)));
    let reactions = &timeline.get("m2").unwrap().reactions;
    assert_eq!((reactions[0].count, reactions[0].mine), (2, true));
    timeline.reacted(&reaction("me", true));
    timeline.reacted(&reaction("ann", true));
    assert!(timeline.get("m2").unwrap().reactions.is_empty());
}

#[test]
fn a_failed_message_waits_at_the_end_until_it_is_retried() {
    let id = ClientId::new("c1").unwrap();
    let mut timeline = loaded(1..=1);
    timeline.queue(queued("c1"));
    timeline.delivery(&id, Delivery::Failed("no".into()));
    timeline.receive(&message(2, "ann", None));
    assert_eq!((keys(&timeline), timeline.failed()), (vec!["m1", "m2", "c1"], 1));
    timeline.delivery(&id, Delivery::Sending);
    timeline.acked(&id, MessageId::new("m3").unwrap(), 3);
    assert_eq!((timeline.failed(), timeline.last_seq()), (0, Some(3)));
}

#[test]
fn the_window_is_bounded_and_knows_what_it_dropped() {
    let mut timeline = loaded(301..=700);
    timeline.prepend(&pages(251..=300), true);
    assert_eq!((timeline.first_seq(), timeline.last_seq()), (Some(251), Some(650)));
    assert!(timeline.has_newer() && timeline.has_older());
    assert!(timeline.receive(&message(701, "ann", None)), "new, but outside of the window");
    assert_eq!(timeline.last_seq(), Some(650));
    timeline.append(&pages(651..=701), false);
    assert_eq!((timeline.first_seq(), timeline.last_seq()), (Some(302), Some(701)));
    assert_eq!(timeline.by_key.len(), WINDOW);
}
