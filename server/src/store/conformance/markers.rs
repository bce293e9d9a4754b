//! Read and delivered markers.

use super::kit::{Kit, key, room, text, user};
use crate::store::{DELIVERED_LISTED, DeliveredMessage, Refusal, Write, Written};

fn read(who: &str, to: &str, seq: u64) -> Write {
    Write::Read { room_id: room(to), user_id: user(who), seq }
}

fn delivered(who: &str, to: &str, seq: u64) -> Write {
    Write::Delivered { room_id: room(to), user_id: user(who), seq }
}

fn inbox_delivered(who: &str, inbox_seq: u64) -> Write {
    inbox_part(who, 0, inbox_seq)
}

fn inbox_part(who: &str, after: u64, inbox_seq: u64) -> Write {
    Write::InboxDelivered { user_id: user(who), after, inbox_seq }
}

async fn passed(kit: &Kit<'_>, write: Write) -> Vec<String> {
    match kit.one(write).await {
        Ok(Written::Delivered(passed)) => passed.iter().map(|one| one.message_id.to_string()).collect(),
        other => panic!("not delivered: {other:?}"),
    }
}

pub(crate) async fn the_read_marker_moves_forward_to_the_head_and_never_back(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    for _ in 0..5 {
        kit.say("ann", "general", "hi").await;
    }
    for (to, seq, moved) in [(2, 2, true), (1, 2, false), (2, 2, false), (99, 5, true), (u64::MAX, 5, false)]
    {
        let answer = kit.one(read("bob", "general", to)).await;
        assert_eq!(answer, Ok(Written::Read { seq, moved, member_count: 2 }));
    }
    let markers = kit.markers("general", 9).await;
    let read: Vec<u64> = markers.iter().map(|marker| marker.read_seq).collect();
    assert_eq!(read, [5, 5]);
}

pub(crate) async fn only_members_have_markers(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.say("ann", "general", "hi").await;
    assert_eq!(kit.one(read("eve", "general", 1)).await, Err(Refusal::NotAMember));
    assert_eq!(kit.one(read("ann", "absent", 1)).await, Err(Refusal::NotAMember));
    assert_eq!(kit.one(delivered("eve", "general", 1)).await, Ok(Written::Delivered(Vec::new())));
    assert_eq!(kit.one(delivered("ann", "absent", 1)).await, Ok(Written::Delivered(Vec::new())));
    assert_eq!(kit.one(inbox_delivered("eve", 1)).await, Ok(Written::Delivered(Vec::new())));
}

pub(crate) async fn sending_moves_ones_own_read_marker_and_reacting_does_not(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let id = kit.say("ann", "general", "hi").await.message_id;
    kit.change("bob", "general", super::kit::react(&id, "👍")).await.unwrap();
    let marker = async || kit.store.room(&room("general"), &user("bob")).await.unwrap().unwrap().1.unwrap();
    assert_eq!(marker().await.read_seq, 0);
    kit.say("bob", "general", "hello").await;
    assert_eq!((marker().await.read_seq, marker().await.delivered_seq), (3, 0));
}

pub(crate) async fn markers_of_one_batch_are_moved_in_order(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    for _ in 0..3 {
        kit.say("ann", "general", "hi").await;
    }
    let writes = [
        read("bob", "general", 1),
        delivered("bob", "general", 3),
        read("bob", "general", 3),
        read("eve", "general", 1),
    ];
    let outcomes = kit.all(writes.into()).await;
    let moved = |seq| Ok(Written::Read { seq, moved: true, member_count: 2 });
    assert_eq!((&outcomes[0], &outcomes[2], &outcomes[3]), (&moved(1), &moved(3), &Err(Refusal::NotAMember)));
    let member = kit.store.room(&room("general"), &user("bob")).await.unwrap().unwrap().1.unwrap();
    assert_eq!((member.read_seq, member.delivered_seq), (3, 3));
}

pub(crate) async fn a_direct_message_is_reported_delivered_once(kit: &Kit<'_>) {
    let mut first = kit.to_user("ann", "bob", text("one"));
    first.client_id = key("k1");
    let first = kit.append(first).await.unwrap();
    let direct = first.room_id.as_str();
    kit.tell("bob", "ann", "not his own").await;
    let third = kit.tell("ann", "bob", "two").await.message_id;
    let answer = kit.one(delivered("bob", direct, 1)).await;
    let one = DeliveredMessage { message_id: first.message_id, sender: user("ann"), client_id: key("k1") };
    assert_eq!(answer, Ok(Written::Delivered(vec![one])));
    assert_eq!(passed(kit, delivered("bob", direct, 99)).await, [third.as_str()]);
    assert!(passed(kit, delivered("bob", direct, 99)).await.is_empty());
    assert!(passed(kit, delivered("bob", direct, 1)).await.is_empty());
}

pub(crate) async fn delivery_to_a_shared_room_moves_the_marker_and_reports_nothing(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    kit.say("ann", "general", "hi").await;
    assert!(passed(kit, delivered("bob", "general", 1)).await.is_empty());
    let markers = kit.markers("general", 9).await;
    assert_eq!(markers[1].delivered_seq, Some(1));
}

pub(crate) async fn an_inbox_position_delivers_all_direct_rooms_up_to_it(kit: &Kit<'_>) {
    let one = kit.tell("ann", "bob", "one").await;
    let two = kit.tell("cat", "bob", "two").await;
    let three = kit.tell("ann", "bob", "three").await;
    let (one, two, three) = (one.message_id.as_str(), two.message_id.as_str(), three.message_id.as_str());
    assert_eq!(passed(kit, inbox_delivered("bob", 2)).await, [one, two]);
    assert!(passed(kit, inbox_delivered("bob", 1)).await.is_empty());
    assert_eq!(passed(kit, inbox_delivered("bob", u64::MAX)).await, [three]);
    assert!(passed(kit, inbox_delivered("bob", u64::MAX)).await.is_empty());
    let direct = kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap().unwrap();
    let anns = kit.store.room_view(&direct, &user("ann")).await.unwrap().unwrap();
    assert_eq!((anns.peer_delivered_seq, anns.peer_read_seq), (Some(2), Some(0)));
}

pub(crate) async fn what_stands_below_a_delivered_part_of_the_inbox_is_not_delivered(kit: &Kit<'_>) {
    let one = kit.tell("ann", "bob", "one").await;
    kit.tell("cat", "bob", "two").await;
    kit.tell("ann", "bob", "three").await;
    kit.tell("ann", "bob", "four").await;
    let delivered_of = async |who| {
        let direct = kit.store.direct_room(&user(who), &user("bob")).await.unwrap().unwrap();
        kit.store.room(&direct, &user("bob")).await.unwrap().unwrap().1.unwrap().delivered_seq
    };
    assert_eq!(passed(kit, inbox_part("bob", 2, 3)).await, ["m3"]);
    assert_eq!((delivered_of("ann").await, delivered_of("cat").await), (2, 0));
    // What lies before it is told when it is covered, and nothing is forgotten for having been passed.
    assert_eq!(passed(kit, inbox_part("bob", 0, 1)).await, [one.message_id.as_str()]);
    assert_eq!(passed(kit, inbox_part("bob", 1, 4)).await, ["m2", "m3", "m4"]);
    assert_eq!((delivered_of("ann").await, delivered_of("cat").await), (3, 1));
    assert!(passed(kit, inbox_part("bob", 0, u64::MAX)).await.is_empty());
    assert!(passed(kit, inbox_part("bob", u64::MAX, 1)).await.is_empty());
}

pub(crate) async fn inboxes_of_one_batch_are_delivered_each_on_its_own(kit: &Kit<'_>) {
    for (from, to) in [("ann", "bob"), ("ann", "cat"), ("cat", "bob"), ("bob", "ann"), ("ann", "bob")] {
        kit.tell(from, to, "hi").await;
    }
    let writes = [("bob", 1), ("cat", 9), ("eve", 9), ("bob", 2), ("bob", 9), ("ann", 9), ("bob", 9)];
    let outcomes = kit.all(writes.map(|(who, to)| inbox_delivered(who, to)).into()).await;
    let passed: Vec<String> = outcomes
        .into_iter()
        .map(|outcome| {
            let Ok(Written::Delivered(passed)) = outcome else { panic!("{outcome:?}") };
            let ids: Vec<&str> = passed.iter().map(|one| one.message_id.as_str()).collect();
            ids.join(" ")
        })
        .collect();
    assert_eq!(passed, ["m1", "m2", "", "m3", "m5", "m4", ""]);
}

pub(crate) async fn at_most_a_thousand_deliveries_are_listed_and_all_are_done(kit: &Kit<'_>) {
    let more = DELIVERED_LISTED + 5;
    let batch = (0..more).map(|_| Write::Append(kit.to_user("ann", "bob", text("hi")))).collect();
    kit.all(batch).await;
    let listed = passed(kit, inbox_delivered("bob", u64::MAX)).await;
    assert_eq!((listed.len(), listed[0].as_str()), (DELIVERED_LISTED, "m1"));
    let direct = kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap().unwrap();
    let member = kit.store.room(&direct, &user("bob")).await.unwrap().unwrap().1.unwrap();
    assert_eq!(member.delivered_seq, more as u64);
}
