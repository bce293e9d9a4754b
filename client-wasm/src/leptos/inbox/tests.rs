//! Arrivals, read states and pages in every order come to the same list and count.

use super::*;
use tidings_protocol::{Timestamp, UserId};

fn notification(n: i64, read: bool) -> Notification {
    Notification {
        id: format!("n{n}"),
        user_id: UserId::new("me").unwrap(),
        title: "t".into(),
        message: String::new(),
        kind: "k".into(),
        data: serde_json::Map::new(),
        read,
        created_at: Timestamp::from_millis(n),
    }
}

fn loaded() -> Inbox {
    let mut inbox = Inbox::default();
    let asked = inbox.ask();
    inbox.load(asked, first_page());
    inbox
}

fn first_page() -> NotificationPage {
    NotificationPage {
        notifications: vec![notification(3, false), notification(2, true), notification(1, false)],
        unread_count: 5,
        has_more: true,
    }
}

fn read(id: &str, unread_count: u64) -> NotificationState {
    NotificationState { ids: Some(vec![id.into()]), all: None, read: Some(true), deleted: None, unread_count }
}

fn ids(inbox: &Inbox) -> Vec<&str> {
    inbox.list().iter().map(|n| n.id.as_str()).collect()
}

#[test]
fn one_that_comes_by_stream_and_page_counts_once() {
    let mut inbox = loaded();
    assert!(inbox.arrived(notification(4, false)));
    assert!(!inbox.arrived(notification(4, false)));
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1"], 6));
}

#[test]
fn what_another_device_did_is_applied_with_its_count() {
    let mut inbox = loaded();
    let state = |ids: Option<Vec<String>>, all, read, deleted, unread_count| NotificationState {
        ids,
        all,
        read,
        deleted,
        unread_count,
    };
    inbox.apply(state(Some(vec!["n1".into()]), None, Some(true), None, 4));
    assert!(inbox.list()[2].read);
    inbox.apply(state(None, Some(true), Some(true), None, 0));
    assert!(inbox.list().iter().all(|n| n.read));
    inbox.apply(state(Some(vec!["n2".into()]), None, None, Some(true), 0));
    assert_eq!(ids(&inbox), ["n3", "n1"]);
    inbox.apply(state(None, Some(true), None, Some(true), 0));
    assert!(inbox.list().is_empty());
}

#[test]
fn marking_twice_takes_one_off_the_count() {
    let mut inbox = loaded();
    assert!(inbox.mark_read("n3"));
    assert!(!inbox.mark_read("n3"));
    assert!(!inbox.mark_read("n2"), "read already");
    assert_eq!(inbox.unread(), 4);
    inbox.remove("n1");
    assert_eq!(inbox.unread(), 3);
}

#[test]
fn what_arrives_while_the_page_is_on_its_way_is_not_lost_to_it() {
    let mut inbox = Inbox::default();
    let asked = inbox.ask();
    // The first is on the page, the second came when that had been read.
    assert!(inbox.arrived(notification(3, false)));
    assert!(inbox.arrived(notification(4, false)));
    assert!(!inbox.load(asked, first_page()));
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1"], 6));
    let asked = inbox.ask();
    assert!(!inbox.load(asked, first_page()), "what came before it was asked for is older than the page");
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n3", "n2", "n1"], 5));
}

#[test]
fn what_was_read_or_deleted_while_the_page_is_on_its_way_stays_so_and_the_page_is_asked_for_again() {
    let mut inbox = loaded();
    let asked = inbox.ask();
    inbox.apply(read("n3", 4));
    inbox.apply(NotificationState { read: None, deleted: Some(true), ..read("n1", 3) });
    assert!(inbox.load(asked, first_page()));
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n3", "n2"], 3));
    assert!(inbox.list()[0].read);
}

#[test]
fn what_was_missed_and_comes_by_and_by_is_in_the_count_of_the_page() {
    let mut inbox = loaded();
    // Older than what the page has, as when more were missed than a page holds; and a new one.
    assert!(!inbox.arrived(notification(-7, false)), "comes with an older page");
    assert!(inbox.arrived(notification(4, false)));
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1"], 6));
    let asked = inbox.ask();
    assert!(inbox.arrived(notification(5, false)));
    inbox.load(asked, NotificationPage { has_more: false, ..first_page() });
    assert!(inbox.arrived(notification(-7, false)), "where there is no older page");
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n5", "n3", "n2", "n1", "n-7"], 6));
}

#[test]
fn whether_a_page_shows_a_change_only_another_page_can_tell() {
    let mut inbox = loaded();
    let asked = inbox.ask();
    inbox.apply(read("n1", 4));
    inbox.arrived(notification(4, false));
    let shown = |unread_count| NotificationPage {
        notifications: vec![
            notification(4, false),
            notification(3, false),
            notification(2, true),
            notification(1, true),
        ],
        unread_count,
        has_more: true,
    };
    assert!(inbox.load(asked, shown(5)));
    let asked = inbox.ask();
    assert!(!inbox.load(asked, shown(5)));
    assert_eq!(inbox.unread(), 5);
}

#[test]
fn an_older_page_brings_back_nothing_and_leaves_the_count_alone() {
    let mut inbox = loaded();
    let (older, newest) = (inbox.ask(), inbox.ask());
    inbox.missed(newest);
    inbox.apply(NotificationState { read: None, deleted: Some(true), ..read("n0", 4) });
    inbox.arrived(notification(4, false));
    let page = NotificationPage {
        notifications: vec![notification(0, false), notification(-1, false)],
        unread_count: 5,
        has_more: false,
    };
    inbox.append(older, page);
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1", "n-1"], 5));
}

#[test]
fn what_is_undone_keeps_what_is_on_its_way() {
    let mut inbox = loaded();
    let before = inbox.clone();
    let asked = inbox.ask();
    inbox.clear();
    inbox.arrived(notification(4, false));
    inbox.undo(before);
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n3", "n2", "n1"], 5));
    inbox.load(asked, first_page());
    assert_eq!((ids(&inbox), inbox.unread()), (vec!["n4", "n3", "n2", "n1"], 6));
}
