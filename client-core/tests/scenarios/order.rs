//! What the app sees: each entry once, in order, or a gap that says so.

use tidings_client_core::{Command, Config, Event, Gap, GapReason, Kind, State};

use crate::harness::{Client, EPOCH, config, kinds};
#[cfg(target_arch = "wasm32")]
use crate::test;
use serde_json::json;

fn gaps(client: &mut Client) -> Vec<Gap> {
    let gap = |e| if let Event::Gap(gap) = e { Some(gap) } else { None };
    client.events().into_iter().filter_map(gap).collect()
}

fn gap(room: Option<&str>, from: u64, to: u64, reason: GapReason) -> Gap {
    Gap { room: room.map(str::to_owned), from, to, reason }
}

fn reconnect(client: &mut Client) {
    client.close(None);
    client.until_next_attempt();
    client.greet_with(&json!({}));
    client.events();
}

fn private(client: &mut Client, room: &str, seq: u64, inbox_seq: u64) {
    let data = json!({"messageId": format!("p{inbox_seq}"), "roomId": room, "seq": seq, "inboxSeq": inbox_seq,
        "senderId": "bob", "recipientId": "ann", "content": "hi", "timestamp": "2026-01-01T00:00:00.000Z"});
    client.receive("PRIVATE", "MESSAGE", &data);
}

#[test]
fn what_comes_twice_is_shown_once() {
    let mut client = Client::connected(&[("general", 4)]);
    for seq in [5, 5, 6, 5, 6, 7] {
        client.message("general", seq);
    }
    assert_eq!(client.shown_seqs(), [5, 6, 7]);
    reconnect(&mut client);
    client.participants("general", 6, 8);
    for seq in [6, 7, 8] {
        client.message("general", seq);
    }
    assert_eq!(client.shown_seqs(), [8], "a replay that overlaps");
}

#[test]
fn edits_deletions_and_reactions_take_their_place_in_the_order() {
    let mut client = Client::connected(&[("general", 4)]);
    for (seq, kind) in [(5, "EDITED"), (6, "DELETED"), (7, "REACTION"), (6, "DELETED")] {
        let data =
            json!({"roomId": "general", "messageId": "m1", "seq": seq, "senderId": "bob", "userId": "bob"});
        client.receive("CHAT", kind, &data);
    }
    assert_eq!(client.shown_seqs(), [5, 6, 7]);
    client.receive("CHAT", "READ", &json!({"roomId": "general", "userId": "bob", "seq": 3}));
    assert_eq!(kinds(&client.shown()), [Kind::Read], "a marker is no entry");
}

#[test]
fn a_gap_that_the_server_names_is_told_and_the_log_goes_on_behind_it() {
    let mut client = Client::connected(&[("general", 4)]);
    reconnect(&mut client);
    client.participants("general", 2_001, 2_002);
    let data = json!({"roomId": "general", "from": 5, "to": 2_000, "reason": "LIMIT"});
    client.receive("SYSTEM", "GAP", &data);
    assert_eq!(gaps(&mut client), [gap(Some("general"), 5, 2_000, GapReason::Limit)]);
    client.message("general", 2_001);
    client.message("general", 2_002);
    assert_eq!(client.shown_seqs(), [2_001, 2_002]);
}

#[test]
fn entries_that_do_not_come_are_fetched_by_a_resume() {
    let mut client = Client::connected(&[("general", 4)]);
    client.message("general", 7);
    assert_eq!((client.shown_seqs(), client.state()), (vec![], State::Reconnecting));
    client.until_next_attempt();
    client.greet();
    assert_eq!(client.sent_of("RESUME")[0]["rooms"], json!([{"roomId": "general", "afterSeq": 4}]));
    client.participants("general", 5, 7);
    for seq in 5..=7 {
        client.message("general", seq);
    }
    assert_eq!(client.shown_seqs(), [5, 6, 7]);
}

#[test]
fn entries_that_a_resume_does_not_bring_are_told_as_lost_and_the_log_goes_on() {
    let mut client = Client::connected(&[("general", 4)]);
    client.message("general", 7);
    client.until_next_attempt();
    client.greet();
    client.participants("general", 5, 7);
    client.events();
    client.message("general", 7);
    let events = client.events();
    assert_eq!(events[0], Event::Gap(gap(Some("general"), 5, 6, GapReason::Lost)));
    assert!(matches!(&events[1], Event::Frame(f) if f.seq() == Some(7)));
    assert_eq!(client.state(), State::Connected);
}

#[test]
fn a_position_that_the_contract_has_no_number_for_moves_nothing() {
    let mut client = Client::connected(&[("general", 4)]);
    for _ in 0..3 {
        for seq in [u64::MAX, u64::MAX - 1, 1 << 53] {
            client.message("general", seq);
            client.participants("general", seq, seq);
        }
    }
    client.message("general", 5);
    assert_eq!((client.shown_seqs(), client.state()), (vec![5], State::Connected));
}

#[test]
fn direct_messages_need_no_join_and_are_followed_by_the_inbox() {
    let mut client = Client::connected(&[]);
    private(&mut client, "d1", 1, 1);
    private(&mut client, "d2", 9, 2);
    private(&mut client, "d1", 2, 3);
    private(&mut client, "d1", 2, 3);
    assert_eq!(client.shown_seqs(), [1, 9, 2]);
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet();
    assert_eq!(client.sent_of("RESUME")[0]["inboxAfter"], 3);
}

#[test]
fn a_hole_in_the_inbox_is_resumed_like_one_in_a_room() {
    let mut client = Client::connected(&[]);
    private(&mut client, "d1", 1, 1);
    private(&mut client, "d1", 3, 3);
    assert_eq!((client.shown_seqs(), client.state()), (vec![1], State::Reconnecting));
    client.until_next_attempt();
    client.greet_with(&json!({}));
    client.events();
    let data = json!({"inbox": true, "from": 2, "to": 2, "reason": "RETENTION"});
    client.receive("SYSTEM", "GAP", &data);
    assert_eq!(gaps(&mut client), [gap(None, 2, 2, GapReason::Retention)]);
    private(&mut client, "d1", 3, 3);
    assert_eq!(client.shown_seqs(), [3]);
}

#[test]
fn a_direct_room_that_is_joined_too_shows_each_entry_once() {
    let mut client = Client::connected(&[("d1", 4)]);
    private(&mut client, "d1", 5, 1);
    client.message("d1", 5);
    reconnect(&mut client);
    // The inbox's replay may come before the room's.
    private(&mut client, "d1", 7, 2);
    private(&mut client, "d1", 8, 3);
    client.participants("d1", 6, 8);
    for seq in 6..=8 {
        client.message("d1", seq);
    }
    private(&mut client, "d1", 9, 4);
    assert_eq!(client.shown_seqs(), [6, 7, 8, 9]);
}

#[test]
fn an_inbox_entry_that_the_rooms_replay_will_not_bring_is_fetched_by_a_resume() {
    let mut client = Client::connected(&[("d1", 4)]);
    reconnect(&mut client);
    private(&mut client, "d1", 9, 1);
    client.participants("d1", 5, 8);
    assert_eq!(client.state(), State::Reconnecting);
}

#[test]
fn another_epoch_is_answered_for_before_it_is_adopted() {
    let mut client = Client::connected(&[("general", 40), ("other", 9)]);
    let epoch = json!({"epoch": "epoch-2", "inboxSeq": 2});
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet_with(&epoch);
    assert_eq!(client.sent_of("RESUME")[0]["epoch"], EPOCH, "the positions are still of the old epoch");
    client.participants("general", 1, 2);
    let data = json!({"roomId": "general", "from": 1, "to": 0, "reason": "EPOCH"});
    client.receive("SYSTEM", "GAP", &data);
    client.message("general", 1);
    client.message("general", 2);
    assert_eq!(client.shown_seqs(), [1, 2], "the new log is shown from its start");

    // Before the others are answered for, the connection breaks; nothing is shown twice afterwards.
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet_with(&epoch);
    assert_eq!(client.sent_of("RESUME")[0]["epoch"], EPOCH);
    client.participants("general", 1, 3);
    client.receive("SYSTEM", "GAP", &data);
    for seq in 1..=3 {
        client.message("general", seq);
    }
    assert_eq!(client.shown_seqs(), [3]);
    client.participants("other", 1, 0);
    client.receive("SYSTEM", "GAP", &json!({"roomId": "other", "from": 1, "to": 0, "reason": "EPOCH"}));
    client.receive("SYSTEM", "GAP", &json!({"inbox": true, "from": 1, "to": 0, "reason": "EPOCH"}));
    private(&mut client, "d1", 1, 1);
    assert_eq!(client.shown_seqs(), [1]);

    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet_with(&epoch);
    let resume = client.sent_of("RESUME").remove(0);
    assert_eq!((&resume["epoch"], &resume["inboxAfter"]), (&json!("epoch-2"), &json!(1)));
    assert_eq!(
        resume["rooms"],
        json!([{"roomId": "general", "afterSeq": 3}, {"roomId": "other", "afterSeq": 0}])
    );
}

#[test]
fn a_log_that_ends_before_the_clients_position_begins_anew() {
    let mut client = Client::connected(&[("general", 40)]);
    reconnect(&mut client);
    client.participants("general", 1, 1);
    client.receive("SYSTEM", "GAP", &json!({"roomId": "general", "from": 1, "to": 0, "reason": "EPOCH"}));
    client.message("general", 1);
    assert_eq!(client.shown_seqs(), [1]);
}

#[test]
fn a_notification_is_shown_once_and_resumed_by_its_cursor() {
    let mut client = Client::new(Config { notifications: true, ..config() });
    client.command(Command::Connect);
    client.greet();
    client.events();
    let notification = json!({"id": "n1", "userId": "ann", "title": "t", "message": "m", "type": "x", "data": {},
        "read": false, "createdAt": "2026-01-01T00:00:00.000Z", "cursor": "c-7"});
    client.receive("NOTIFICATION", "NOTIFICATION", &notification);
    client.receive("NOTIFICATION", "NOTIFICATION", &notification);
    client.receive(
        "NOTIFICATION",
        "STATE",
        &json!({"all": true, "read": true, "unreadCount": 0, "cursor": "c-8"}),
    );
    assert_eq!(kinds(&client.shown()), [Kind::Notification, Kind::NotificationState]);
    client.close(None);
    client.until_next_attempt();
    client.sent();
    client.greet();
    assert_eq!(client.sent_of("RESUME")[0]["notificationsAfter"], "c-8");
}
