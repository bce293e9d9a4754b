//! Direct rooms and inboxes.

use tidings_protocol::entity::{Role, RoomKind};

use super::kit::{Kit, at, edit, key, react, room, text, user};
use crate::store::{EntryBody, Refusal, Write};

pub(crate) async fn the_first_message_makes_the_direct_room_and_both_ways_lead_to_it(kit: &Kit<'_>) {
    assert_eq!(kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap(), None);
    let first = kit.tell("bob", "ann", "hi").await;
    let second = kit.tell("ann", "bob", "ho").await;
    assert_eq!((&first.room_id, first.seq, second.seq), (&second.room_id, Some(1), Some(2)));
    assert!(first.room_id.is_direct());
    for (a, b) in [("ann", "bob"), ("bob", "ann")] {
        let found = kit.store.direct_room(&user(a), &user(b)).await.unwrap();
        assert_eq!(found.as_ref(), Some(&first.room_id));
    }
    let (record, member) = kit.store.room(&first.room_id, &user("ann")).await.unwrap().unwrap();
    assert_eq!((record.kind, record.member_count, record.head_seq), (RoomKind::Direct, 2, 2));
    assert_eq!(record.peers, Some([user("ann"), user("bob")]));
    assert_eq!(member.unwrap().role, Role::Member);
}

pub(crate) async fn each_entry_stands_in_both_inboxes_without_holes(kit: &Kit<'_>) {
    let hi = kit.tell("ann", "bob", "hi").await;
    assert_eq!(hi.inbox, [(user("ann"), 1), (user("bob"), 1)]);
    assert_eq!(kit.tell("cat", "bob", "hey").await.inbox, [(user("bob"), 2), (user("cat"), 1)]);
    let by_id = kit.change("bob", hi.room_id.as_str(), text("by its id")).await.unwrap();
    assert_eq!(by_id.inbox, [(user("ann"), 2), (user("bob"), 3)]);
    let liked = kit.change("bob", hi.room_id.as_str(), react(&hi.message_id, "👍")).await.unwrap();
    assert_eq!(liked.inbox, [(user("ann"), 3), (user("bob"), 4)]);
    let inbox = kit.store.inbox(&user("bob"), 0, 100).await.unwrap();
    let positions: Vec<u64> = inbox.iter().map(|one| one.inbox_seq).collect();
    assert_eq!(positions, [1, 2, 3, 4]);
    assert_eq!(inbox[3].entry, liked.entry.unwrap());
    assert_eq!(inbox[2].entry, by_id.entry.unwrap());
    assert_eq!(inbox[1].entry.peers, Some([user("bob"), user("cat")]));
    let rest = kit.store.inbox(&user("bob"), 2, 1).await.unwrap();
    assert_eq!(rest, inbox[2..3]);
}

pub(crate) async fn the_inbox_shows_messages_in_their_present_state(kit: &Kit<'_>) {
    let hi = kit.tell("ann", "bob", "helo").await;
    kit.append(kit.to_user("ann", "bob", edit(&hi.message_id, "hello"))).await.unwrap();
    let inbox = kit.store.inbox(&user("bob"), 0, 9).await.unwrap();
    let EntryBody::Message(message) = &inbox[0].entry.body else { panic!("{inbox:?}") };
    assert_eq!(message.content, "hello");
    assert_eq!(inbox[1].entry.seq, 2);
}

pub(crate) async fn many_direct_messages_of_one_batch_share_one_room(kit: &Kit<'_>) {
    let sends = [("ann", "bob"), ("bob", "ann"), ("ann", "cat"), ("ann", "bob")];
    let batch = sends.map(|(from, to)| Write::Append(kit.to_user(from, to, text("hi"))));
    assert!(kit.all(batch.into()).await.iter().all(Result::is_ok));
    let direct = kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap().unwrap();
    assert_eq!(kit.store.log(&direct, 0, 9).await.unwrap().len(), 3);
    assert_eq!(kit.store.inbox(&user("ann"), 0, 9).await.unwrap().len(), 4);
    assert_eq!(kit.partners("ann", 9).await, [user("bob"), user("cat")]);
    assert_eq!(kit.partners("ann", 1).await, [user("bob")]);
}

pub(crate) async fn a_change_makes_no_direct_room(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "hi").await.message_id;
    assert_eq!(kit.append(kit.to_user("ann", "bob", edit(&id, "x"))).await, Err(Refusal::NotFound));
    assert_eq!(kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap(), None);
}

pub(crate) async fn a_user_may_write_to_oneself(kit: &Kit<'_>) {
    let note = kit.tell("ann", "ann", "remember").await;
    assert_eq!(note.inbox, [(user("ann"), 1)]);
    let view = kit.store.room_view(&note.room_id, &user("ann")).await.unwrap().unwrap();
    assert_eq!((view.members, view.peer_id, view.unread), (Some(1), Some(user("ann")), 0));
    assert!(kit.partners("ann", 9).await.is_empty());
}

pub(crate) async fn nobody_enters_leaves_or_renames_a_direct_room(kit: &Kit<'_>) {
    let direct = kit.tell("ann", "bob", "hi").await.room_id;
    let (room_id, user_id) = (direct.clone(), user("eve"));
    let writes = [
        Write::Join {
            room_id: direct.clone(),
            user_id: user("eve"),
            admitted: true,
            resumed: false,
            at: at(0),
        },
        Write::PutMember { room_id: direct.clone(), user_id: user("eve"), at: at(0) },
        Write::RemoveMember { room_id: direct.clone(), user_id: user("ann"), stays_out: false },
        Write::UpdateRoom { room_id, name: Some("ours".into()), kind: None },
        Write::Join { room_id: room("direct:new"), user_id, admitted: true, resumed: false, at: at(0) },
    ];
    for write in writes {
        assert_eq!(kit.one(write).await, Err(Refusal::Forbidden));
    }
    let created = kit.create("direct:new", RoomKind::Public, &["eve"]).await;
    assert_eq!(created, Err(Refusal::Forbidden));
    assert_eq!(kit.create("mine", RoomKind::Direct, &["eve"]).await, Err(Refusal::Forbidden));
    assert_eq!(kit.store.room_view(&direct, &user("eve")).await.unwrap(), None);
    kit.join("ann", direct.as_str()).await.unwrap();
}

pub(crate) async fn a_retransmit_does_not_reach_the_inbox_twice(kit: &Kit<'_>) {
    let mut append = kit.to_user("ann", "bob", text("hi"));
    append.client_id = key("k");
    kit.append(append.clone()).await.unwrap();
    assert!(kit.append(append).await.unwrap().duplicate);
    assert_eq!(kit.store.inbox(&user("bob"), 0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn who_was_never_seen_has_an_inbox_but_no_record(kit: &Kit<'_>) {
    kit.tell("ann", "ghost", "anybody there?").await;
    assert_eq!(kit.record("ghost").await, None);
    assert!(kit.store.users("gh", 9).await.unwrap().items.is_empty());
    kit.see("ghost", None).await;
    assert_eq!(kit.record("ghost").await.unwrap().inbox_seq, 1);
}

pub(crate) async fn a_direct_log_says_where_each_entry_stands_in_the_readers_inbox(kit: &Kit<'_>) {
    let hi = kit.tell("ann", "bob", "hi").await;
    kit.tell("cat", "bob", "hey").await;
    kit.append(kit.to_user("ann", "bob", edit(&hi.message_id, "hello"))).await.unwrap();
    kit.change("bob", hi.room_id.as_str(), react(&hi.message_id, "👍")).await.unwrap();
    let read =
        async |who, after, limit| kit.store.direct_log(&hi.room_id, &user(who), after, limit).await.unwrap();
    let bobs = read("bob", 0, 9).await;
    let seqs = |entries: &[crate::store::InboxEntry]| {
        entries.iter().map(|one| (one.entry.seq, one.inbox_seq)).collect::<Vec<_>>()
    };
    assert_eq!(seqs(&bobs), [(1, 1), (2, 3), (3, 4)]);
    assert_eq!(seqs(&read("ann", 0, 9).await), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(read("bob", 1, 1).await, bobs[1..2]);
    let log = kit.store.log(&hi.room_id, 0, 9).await.unwrap();
    assert_eq!(bobs.into_iter().map(|one| one.entry).collect::<Vec<_>>(), log);
    assert!(read("eve", 0, 9).await.is_empty());
    kit.public("general", &["bob"]).await;
    kit.say("bob", "general", "hi").await;
    assert!(kit.store.direct_log(&room("general"), &user("bob"), 0, 9).await.unwrap().is_empty());
}
