//! Echo, acknowledgement and history in every order come to the same window.

use tidings_protocol::entity::ReactionCount;
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

fn page(messages: Vec<Message>, head_seq: u64) -> MessagePage {
    MessagePage { messages, has_more: false, head_seq: Some(head_seq) }
}

fn loaded(range: std::ops::RangeInclusive<u64>) -> Timeline {
    let mut timeline = Timeline::new(me());
    let (asked, head) = (timeline.ask(), *range.end());
    timeline.replace(asked, &page(pages(range), head), false, false);
    timeline
}

fn reaction(seq: u64, user: &str, removed: bool) -> Reaction {
    Reaction {
        room_id: RoomId::new("r").unwrap(),
        message_id: MessageId::new("m2").unwrap(),
        seq,
        user_id: UserId::new(user).unwrap(),
        emoji: "👍".into(),
        removed,
        inbox_seq: None,
        client_id: None,
    }
}

fn edit(seq: u64, of: &str, content: &str) -> Edited {
    Edited {
        room_id: RoomId::new("r").unwrap(),
        message_id: MessageId::new(of).unwrap(),
        seq,
        sender_id: UserId::new("ann").unwrap(),
        content: content.into(),
        edited_at: Timestamp::from_millis(0),
        inbox_seq: None,
        client_id: None,
    }
}

fn texts(timeline: &Timeline) -> Vec<&str> {
    timeline.items().map(|item| &*item.content).collect()
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
    let asked = timeline.ask();
    timeline.receive(&message(3, "ann", None));
    timeline.receive(&message(4, "ann", None));
    timeline.replace(asked, &page(pages(1..=3), 3), false, false);
    assert_eq!(keys(&timeline), ["m1", "m2", "m3", "m4"]);
}

#[test]
fn a_message_that_comes_while_the_window_goes_back_to_the_end_is_not_lost() {
    let mut timeline = loaded(1..=2);
    let asked = timeline.ask();
    timeline.replace(asked, &page(pages(1..=1), 2), false, true);
    let (latest, below) = (timeline.ask(), timeline.ask());
    timeline.receive(&message(3, "ann", None));
    assert_eq!(keys(&timeline), ["m1"], "outside of the window");
    let mut other = timeline.clone();
    timeline.replace(latest, &page(pages(1..=2), 2), false, false);
    assert_eq!(keys(&timeline), ["m1", "m2", "m3"]);
    other.append(below, &page(pages(2..=2), 2), false);
    assert_eq!(keys(&other), ["m1", "m2", "m3"]);
}

#[test]
fn what_a_page_brings_is_no_news() {
    let mut timeline = loaded(3..=3);
    timeline.receive(&message(4, "ann", None));
    timeline.queue(queued("c1"));
    let asked = timeline.ask();
    timeline.prepend(asked, &page(pages(1..=2), 4), false);
    let live: Vec<bool> = timeline.items().map(|item| item.live).collect();
    assert_eq!(live, [false, false, false, true, true]);
}

#[test]
fn what_is_shown_live_stays_when_the_window_is_read_anew() {
    let mut timeline = loaded(1..=2);
    let asked = timeline.ask();
    timeline.receive(&message(3, "ann", None));
    timeline.replace(asked, &page(pages(1..=2), 2), false, false);
    assert_eq!(keys(&timeline), ["m1", "m2", "m3"]);
}

#[test]
fn a_change_that_comes_before_its_page_is_applied_to_it_and_one_that_the_page_shows_is_not_applied_again() {
    let mut timeline = loaded(2..=3);
    let asked = timeline.ask();
    timeline.edited(&edit(4, "m1", "new"));
    timeline.reacted(&reaction(5, "ann", false));
    timeline.edited(&edit(6, "m1", "newer"));
    // Read behind the fifth entry.
    let mut older = message(1, "ann", None);
    older.content = "new".into();
    timeline.prepend(asked, &page(vec![older], 5), false);
    assert_eq!(texts(&timeline), ["newer", "text 2", "text 3"]);
    assert_eq!(timeline.get("m2").unwrap().reactions[0].count, 1);

    let asked = timeline.ask();
    let mut second = message(2, "ann", None);
    second.reactions = vec![ReactionCount { emoji: "👍".into(), count: 2, mine: false }];
    timeline.replace(asked, &page(vec![second], 7), true, false);
    timeline.reacted(&reaction(7, "bo", false));
    assert_eq!(timeline.get("m2").unwrap().reactions[0].count, 2, "counted by the page");
    timeline.reacted(&reaction(8, "bo", true));
    assert_eq!(timeline.get("m2").unwrap().reactions[0].count, 1);
}

#[test]
fn a_page_does_not_bring_an_older_state_back() {
    let mut timeline = loaded(1..=2);
    let asked = timeline.ask();
    timeline.edited(&edit(3, "m1", "new"));
    timeline.append(asked, &page(pages(1..=2), 2), false);
    assert_eq!(texts(&timeline), ["new", "text 2"]);
}

#[test]
fn where_more_came_than_is_kept_the_rest_is_below_the_window() {
    let mut timeline = Timeline::new(me());
    let asked = timeline.ask();
    pages(3..=1_003).iter().for_each(|message| _ = timeline.receive(message));
    timeline.replace(asked, &page(pages(1..=2), 2), false, false);
    assert!(timeline.has_newer());
    assert_eq!(timeline.last_seq(), Some(2));
}

#[test]
fn a_message_that_comes_twice_is_shown_once_and_keeps_its_reactions() {
    let mut timeline = loaded(1..=2);
    timeline.reacted(&reaction(3, "ann", false));
    timeline.change(&MessageId::new("m2").unwrap(), |item| item.react("👍", true, false));
    timeline.reacted(&reaction(4, "me", false));
    timeline.reacted(&reaction(4, "me", false));
    assert!(!timeline.receive(&message(2, "ann", None)));
    let reactions = &timeline.get("m2").unwrap().reactions;
    assert_eq!((reactions[0].count, reactions[0].mine), (2, true));
    timeline.reacted(&reaction(5, "me", true));
    timeline.reacted(&reaction(6, "ann", true));
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
    let asked = timeline.ask();
    timeline.prepend(asked, &page(pages(251..=300), 700), true);
    assert_eq!((timeline.first_seq(), timeline.last_seq()), (Some(251), Some(650)));
    assert!(timeline.has_newer() && timeline.has_older());
    assert!(timeline.receive(&message(701, "ann", None)), "new, but outside of the window");
    assert_eq!(timeline.last_seq(), Some(650));
    let asked = timeline.ask();
    timeline.append(asked, &page(pages(651..=701), 701), false);
    assert_eq!((timeline.first_seq(), timeline.last_seq()), (Some(302), Some(701)));
    assert_eq!(timeline.by_key.len(), WINDOW);
}

#[test]
fn an_own_message_that_was_stored_long_ago_tears_no_hole() {
    let id = ClientId::new("c1").unwrap();
    let mut timeline = Timeline::new(me());
    let asked = timeline.ask();
    timeline.replace(asked, &page(pages(251..=300), 300), true, false);
    timeline.queue(queued("c1"));
    timeline.acked(&id, MessageId::new("m100").unwrap(), 100);
    assert_eq!((timeline.first_seq(), timeline.has_outgoing()), (Some(251), false));
}

#[test]
fn a_message_that_is_read_anew_is_what_the_server_says() {
    let mut timeline = loaded(1..=2);
    let second = MessageId::new("m2").unwrap();
    timeline.change(&second, |item| item.react("👍", true, false));
    let asked = timeline.ask();
    timeline.refresh(asked, page(pages(1..=2), 2));
    assert!(timeline.by_id(&second).unwrap().reactions.is_empty());
    let mut elsewhere = loaded(5..=6);
    let asked = elsewhere.ask();
    elsewhere.refresh(asked, page(pages(2..=2), 6));
    assert_eq!(elsewhere.first_seq(), Some(5), "the window has moved on");
}

#[test]
fn a_hole_is_filled_whatever_came_below_it() {
    let mut timeline = loaded(1..=2);
    let asked = timeline.ask();
    timeline.receive(&message(4, "ann", None));
    timeline.fill(asked, &page(pages(3..=4), 4), 2);
    assert_eq!(keys(&timeline), ["m1", "m2", "m3", "m4"]);
    let asked = timeline.ask();
    timeline.replace(asked, &page(pages(9..=9), 9), true, false);
    let asked = timeline.ask();
    timeline.fill(asked, &page(pages(3..=4), 9), 2);
    assert_eq!(keys(&timeline), ["m9"], "the window has moved on");
}
