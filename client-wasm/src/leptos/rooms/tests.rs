//! What the list counts, and what it does not let go back.

use super::*;
use tidings_protocol::Timestamp;

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn message(room: &str, seq: u64, sender: &str) -> Message {
    Message {
        message_id: MessageId::new(format!("{room}-{seq}")).unwrap(),
        room_id: RoomId::new(room).unwrap(),
        seq,
        sender_id: user(sender),
        sender_name: None,
        content: format!("text {seq}"),
        timestamp: Timestamp::from_millis(i64::try_from(seq).unwrap()),
        reply_to: None,
        client_id: None,
        edited_at: None,
        deleted: false,
        reactions: Vec::new(),
    }
}

fn room(id: &str, head: u64, read: u64, unread: u64) -> Room {
    Room {
        room_id: RoomId::new(id).unwrap(),
        name: id.to_owned(),
        kind: RoomKind::Public,
        head_seq: head,
        read_seq: read,
        unread,
        last_message: (head > 0).then(|| message(id, head, "ann")),
        members: Some(2),
        peer_id: None,
        peer_read_seq: None,
        peer_delivered_seq: None,
    }
}

fn place(id: &str) -> Place {
    Place::Room(RoomId::new(id).unwrap())
}

fn load(rooms: &mut Rooms, list: Vec<Room>) {
    let asked = rooms.ask();
    rooms.load(asked, list, |_| false);
}

#[test]
fn unread_grows_by_others_messages_once_and_falls_by_reading() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0)]);
    let six = message("a", 6, "ann");
    rooms.message(&place("a"), &six, &user("me"));
    rooms.message(&place("a"), &six, &user("me"));
    rooms.message(&place("a"), &message("a", 7, "ann"), &user("me"));
    assert_eq!(rooms.unread(), 2);
    rooms.read(&place("a"), 6);
    assert_eq!(rooms.unread(), 1);
    rooms.read(&place("a"), 7);
    rooms.read(&place("a"), 2);
    assert_eq!(rooms.unread(), 0, "a marker never goes back");
}

#[test]
fn sending_reads_what_came_before() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 2, 3)]);
    rooms.message(&place("a"), &message("a", 6, "me"), &user("me"));
    assert_eq!(rooms.unread(), 0);
}

#[test]
fn a_list_that_is_older_than_what_has_come_undoes_nothing() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0), room("b", 1, 1, 0)]);
    let asked = rooms.ask();
    rooms.message(&place("a"), &message("a", 6, "ann"), &user("me"));
    rooms.load(asked, vec![room("a", 5, 5, 0)], |_| false);
    let row = rooms.get(&place("a")).unwrap();
    assert_eq!((row.head_seq, row.unread, row.last.as_ref().map(|last| last.seq)), (6, 1, Some(6)));
    assert!(rooms.get(&place("b")).is_none());
}

#[test]
fn the_latest_activity_comes_first() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0), room("b", 3, 3, 0), room("c", 0, 0, 0)]);
    rooms.message(&place("b"), &message("b", 9, "ann"), &user("me"));
    let names: Vec<String> = rooms.sorted().iter().map(|row| row.name.clone()).collect();
    assert_eq!(names, ["b", "a", "c"]);
}

#[test]
fn a_conversation_gets_its_room_with_the_first_message_of_either() {
    let mut rooms = Rooms::default();
    rooms.begin_direct(&user("bo"), "Bo");
    let sent = message("d1", 1, "me");
    assert_eq!(rooms.direct_message(&sent, &user("bo"), &user("me")), Place::Direct(user("bo")));
    let got = message("d1", 2, "bo");
    rooms.direct_message(&got, &user("me"), &user("me"));
    let row = rooms.get(&Place::Direct(user("bo"))).unwrap();
    assert_eq!((row.name.as_str(), row.unread, row.head_seq), ("Bo", 1, 2));
    assert_eq!(rooms.place_of(&got.room_id), Some(Place::Direct(user("bo"))));
}

#[test]
fn what_comes_while_the_list_is_on_its_way_is_counted_once() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0)]);
    let asked = rooms.ask();
    rooms.message(&place("a"), &message("a", 6, "ann"), &user("me"));
    rooms.message(&place("a"), &message("a", 7, "ann"), &user("me"));
    // Read behind the sixth.
    rooms.load(asked, vec![room("a", 6, 5, 1)], |_| false);
    let row = rooms.get(&place("a")).unwrap();
    assert_eq!((row.unread, row.head_seq, row.last.as_ref().unwrap().seq), (2, 7, 7));
}

#[test]
fn what_was_missed_is_in_the_list_whatever_has_come_since() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0)]);
    // The entries between were left out, and the list was read before the last one.
    let asked = rooms.ask();
    rooms.message(&place("a"), &message("a", 40, "ann"), &user("me"));
    rooms.load(asked, vec![room("a", 39, 5, 34)], |_| false);
    assert_eq!(rooms.unread(), 35);
}

#[test]
fn a_marker_on_its_way_to_the_server_stays_and_one_of_a_log_that_is_gone_does_not() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 2, 3)]);
    rooms.read(&place("a"), 5);
    load(&mut rooms, vec![room("a", 5, 2, 3)]);
    assert_eq!(rooms.unread(), 0);
    load(&mut rooms, vec![room("a", 3, 1, 2)]);
    rooms.message(&place("a"), &message("a", 4, "ann"), &user("me"));
    assert_eq!(rooms.unread(), 3);
}

#[test]
fn a_deleted_message_is_nothing_unread() {
    let mut rooms = Rooms::default();
    load(&mut rooms, vec![room("a", 5, 5, 0)]);
    rooms.message(&place("a"), &Message { deleted: true, ..message("a", 6, "ann") }, &user("me"));
    assert_eq!(rooms.unread(), 0);
}
