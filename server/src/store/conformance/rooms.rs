//! Rooms, members, and how rooms look to a user.

use tidings_protocol::RoomId;
use tidings_protocol::entity::{Role, RoomKind};

use super::kit::{Kit, at, delete, room, user};
use crate::store::{MemberRecord, Reach, Refusal, RoomMatch, Write, Written};

pub(crate) async fn joining_what_does_not_exist_makes_a_public_room_of_ones_own(kit: &Kit<'_>) {
    let Ok(Written::Joined { room: record, member, created, new_member }) = kit.join("ann", "new").await
    else {
        panic!("refused")
    };
    assert!(created && new_member);
    assert_eq!((record.kind, record.member_count, record.head_seq), (RoomKind::Public, 1, 0));
    assert_eq!(member, MemberRecord { role: Role::Owner, read_seq: 0, delivered_seq: 0 });
    let Ok(Written::Joined { created, new_member, .. }) = kit.join("ann", "new").await else {
        panic!("refused")
    };
    assert!(!created && !new_member);
}

pub(crate) async fn a_new_member_starts_at_the_head(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.say("ann", "general", "before").await;
    let Ok(Written::Joined { member, room: record, .. }) = kit.join("bob", "general").await else {
        panic!("refused")
    };
    assert_eq!(member, MemberRecord { role: Role::Member, read_seq: 1, delivered_seq: 1 });
    assert_eq!(record.member_count, 2);
    let view = kit.store.room_view(&room("general"), &user("bob")).await.unwrap().unwrap();
    assert_eq!((view.read_seq, view.unread), (1, 0));
}

pub(crate) async fn a_private_room_lets_in_members_and_who_is_admitted(kit: &Kit<'_>) {
    kit.private("club", &["ann"]).await;
    assert_eq!(kit.join("bob", "club").await, Err(Refusal::Forbidden));
    assert!(kit.join("ann", "club").await.is_ok());
    let admitted = Write::Join {
        room_id: room("club"),
        user_id: user("bob"),
        admitted: true,
        resumed: false,
        at: at(0),
    };
    let Ok(Written::Joined { new_member: true, member, .. }) = kit.one(admitted).await else {
        panic!("refused")
    };
    assert_eq!(member.role, Role::Member);
    assert!(kit.join("bob", "club").await.is_ok());
}

pub(crate) async fn a_room_is_created_once_with_its_members(kit: &Kit<'_>) {
    let Ok(Written::Room(record)) = kit.create("club", RoomKind::Private, &["ann", "bob", "bob"]).await
    else {
        panic!("refused")
    };
    assert_eq!((record.kind, record.member_count, record.name), (RoomKind::Private, 2, None));
    assert_eq!(kit.create("club", RoomKind::Public, &["eve"]).await, Err(Refusal::Conflict));
    let members = kit.store.members(&room("club"), None, 9).await.unwrap();
    let roles: Vec<(&str, Role)> =
        members.items.iter().map(|member| (member.user_id.as_str(), member.role)).collect();
    assert_eq!(roles, [("ann", Role::Owner), ("bob", Role::Member)]);
}

pub(crate) async fn a_room_changes_its_name_and_kind(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let change = |name: Option<&str>, kind| Write::UpdateRoom {
        room_id: room("general"),
        name: name.map(Into::into),
        kind,
    };
    kit.one(change(Some("The Lounge"), None)).await.unwrap();
    let Ok(Written::Room(record)) = kit.one(change(None, Some(RoomKind::Private))).await else {
        panic!("refused")
    };
    assert_eq!((record.name.as_deref(), record.kind), (Some("The Lounge"), RoomKind::Private));
    assert_eq!(kit.one(change(None, Some(RoomKind::Direct))).await, Err(Refusal::Forbidden));
    let absent = Write::UpdateRoom { room_id: room("absent"), name: None, kind: None };
    assert_eq!(kit.one(absent).await, Err(Refusal::NotFound));
}

pub(crate) async fn members_come_and_go(kit: &Kit<'_>) {
    kit.private("club", &["ann"]).await;
    let put = || Write::PutMember { room_id: room("club"), user_id: user("bob"), at: at(0) };
    let remove = || Write::RemoveMember { room_id: room("club"), user_id: user("bob"), stays_out: false };
    for (write, changes, count) in
        [(put(), true, 2), (put(), false, 2), (remove(), true, 1), (remove(), false, 1)]
    {
        let Ok(Written::Membership { room: record, changed }) = kit.one(write).await else {
            panic!("refused")
        };
        assert_eq!((changed, record.member_count), (changes, count));
    }
    let absent = Write::PutMember { room_id: room("absent"), user_id: user("bob"), at: at(0) };
    assert_eq!(kit.one(absent).await, Err(Refusal::NotFound));
    let absent = Write::RemoveMember { room_id: room("absent"), user_id: user("bob"), stays_out: false };
    assert_eq!(kit.one(absent).await, Err(Refusal::NotFound));
}

pub(crate) async fn who_was_removed_to_stay_out_comes_back_by_a_join_or_an_invitation_alone(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let remove =
        |stays_out| Write::RemoveMember { room_id: room("general"), user_id: user("bob"), stays_out };
    let join = |resumed| Write::Join {
        room_id: room("general"),
        user_id: user("bob"),
        admitted: false,
        resumed,
        at: at(0),
    };
    let put = || Write::PutMember { room_id: room("general"), user_id: user("bob"), at: at(0) };
    for back in [join(false), put()] {
        kit.one(remove(true)).await.unwrap();
        assert_eq!(kit.one(join(true)).await, Err(Refusal::NotAMember));
        assert_eq!(kit.one(join(true)).await, Err(Refusal::NotAMember));
        kit.one(back).await.unwrap();
        kit.one(remove(false)).await.unwrap();
        assert!(kit.one(join(true)).await.is_ok(), "what was removed to stay out is forgotten");
    }
    // Who was no member was not removed.
    kit.one(remove(false)).await.unwrap();
    kit.one(remove(true)).await.unwrap();
    assert!(kit.one(join(true)).await.is_ok());
}

pub(crate) async fn an_owner_who_comes_back_is_the_owner_again(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    kit.one(Write::RemoveMember { room_id: room("general"), user_id: user("ann"), stays_out: false })
        .await
        .unwrap();
    let Ok(Written::Joined { member, .. }) = kit.join("ann", "general").await else { panic!("refused") };
    assert_eq!(member.role, Role::Owner);
}

pub(crate) async fn members_are_listed_by_id_page_by_page_with_their_names(kit: &Kit<'_>) {
    kit.public("general", &["dan", "bob", "cat", "ann"]).await;
    kit.see("cat", Some("Cat Person")).await;
    let first = kit.store.members(&room("general"), None, 3).await.unwrap();
    let names: Vec<&str> = first.items.iter().map(|member| member.name.as_str()).collect();
    assert_eq!((names, first.has_more), (vec!["ann", "bob", "Cat Person"], true));
    let rest = kit.store.members(&room("general"), Some(&user("cat")), 3).await.unwrap();
    assert_eq!((rest.items.len(), rest.has_more), (1, false));
}

pub(crate) async fn a_room_shows_what_is_new_to_its_member(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let gone = kit.say("ann", "general", "gone").await.message_id;
    kit.say("ann", "general", "one").await;
    kit.change("ann", "general", delete(&gone)).await.unwrap();
    kit.say("bob", "general", "mine").await;
    let last = kit.say("ann", "general", "two").await.message_id;
    let view = async |who| kit.store.room_view(&room("general"), &user(who)).await.unwrap().unwrap();
    let bobs = view("bob").await;
    assert_eq!((bobs.head_seq, bobs.read_seq, bobs.unread, bobs.members), (5, 4, 1, Some(2)));
    assert_eq!(bobs.last_message.unwrap().message_id, last);
    assert_eq!(view("ann").await.unread, 0);
    let strangers = view("eve").await;
    assert_eq!((strangers.read_seq, strangers.unread, strangers.name.as_str()), (5, 0, "general"));
}

pub(crate) async fn a_direct_room_shows_its_peer(kit: &Kit<'_>) {
    kit.see("bob", Some("Bob B.")).await;
    let direct = kit.tell("ann", "bob", "hi").await.room_id;
    kit.one(Write::Delivered { room_id: direct.clone(), user_id: user("bob"), seq: 1 }).await.unwrap();
    let anns = kit.store.room_view(&direct, &user("ann")).await.unwrap().unwrap();
    assert_eq!(
        (anns.name.as_str(), anns.peer_id, anns.kind),
        ("Bob B.", Some(user("bob")), RoomKind::Direct)
    );
    assert_eq!((anns.peer_read_seq, anns.peer_delivered_seq), (Some(0), Some(1)));
    let bobs = kit.store.room_view(&direct, &user("bob")).await.unwrap().unwrap();
    assert_eq!((bobs.name.as_str(), bobs.unread, bobs.peer_read_seq), ("ann", 1, Some(1)));
}

pub(crate) async fn a_private_room_is_hidden_from_who_is_not_a_member(kit: &Kit<'_>) {
    kit.private("club", &["ann"]).await;
    assert_eq!(kit.store.room_view(&room("club"), &user("eve")).await.unwrap(), None);
    assert_eq!(kit.store.room_view(&room("absent"), &user("eve")).await.unwrap(), None);
    assert!(kit.store.public_rooms(&user("eve"), &Reach::All, None, 9).await.unwrap().items.is_empty());
    let (record, member) = kit.store.room(&room("club"), &user("eve")).await.unwrap().unwrap();
    assert_eq!((record.kind, member), (RoomKind::Private, None));
    assert_eq!(kit.store.room(&room("absent"), &user("eve")).await.unwrap(), None);
}

pub(crate) async fn many_rooms_are_read_at_once(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    kit.private("club", &["ann"]).await;
    kit.say("ann", "general", "hi").await;
    let asked = [("general", "bob"), ("absent", "bob"), ("club", "bob"), ("general", "bob"), ("club", "ann")]
        .map(|(id, name)| (room(id), user(name)));
    let found = kit.store.rooms(&asked).await.unwrap();
    let heads: Vec<_> = found
        .iter()
        .map(|((_, user), (room, member))| {
            (room.room_id.as_str(), user.as_str(), room.head_seq, member.is_some())
        })
        .collect();
    assert_eq!(heads, [("club", "ann", 0, true), ("club", "bob", 0, false), ("general", "bob", 1, true)]);
    assert!(kit.store.rooms(&[]).await.unwrap().is_empty());
    let wanted = ["general", "absent", "club", "general"].map(room);
    for limit in [9, 1] {
        let markers = kit.store.markers(&wanted, limit).await.unwrap();
        assert_eq!(markers.keys().map(RoomId::as_str).collect::<Vec<_>>(), ["club", "general"]);
        assert_eq!(markers[&room("club")].len(), 1);
        let users: Vec<_> = markers[&room("general")].iter().map(|marker| marker.user_id.as_str()).collect();
        assert_eq!(users, ["ann", "bob"][..limit.min(2) as usize]);
    }
    assert!(kit.store.markers(&[], 9).await.unwrap().is_empty());
}

pub(crate) async fn rooms_are_listed_by_id_page_by_page(kit: &Kit<'_>) {
    kit.public("b", &["ann"]).await;
    kit.public("a", &["bob"]).await;
    kit.private("c", &["ann"]).await;
    kit.public("d", &["bob", "ann"]).await;
    let ids = |page: crate::store::Page<tidings_protocol::entity::Room>| {
        let ids: Vec<String> = page.items.iter().map(|room| room.room_id.to_string()).collect();
        (ids.join(" "), page.has_more)
    };
    let (ann, all) = (user("ann"), Reach::All);
    assert_eq!(ids(kit.store.rooms_of(&ann, &all, None, 2).await.unwrap()), ("b c".into(), true));
    assert_eq!(ids(kit.store.rooms_of(&ann, &all, Some(&room("c")), 2).await.unwrap()), ("d".into(), false));
    assert_eq!(ids(kit.store.public_rooms(&ann, &all, None, 2).await.unwrap()), ("a b".into(), true));
    assert_eq!(
        ids(kit.store.public_rooms(&ann, &all, Some(&room("b")), 2).await.unwrap()),
        ("d".into(), false)
    );
}

pub(crate) async fn only_rooms_within_reach_are_listed(kit: &Kit<'_>) {
    for name in ["team:red", "team:blue", "teams", "other"] {
        kit.public(name, &["ann"]).await;
    }
    let direct = kit.tell("ann", "bob", "hi").await.room_id;
    let few = Reach::Only(vec![RoomMatch::Prefix("team:".into()), RoomMatch::Id("teams".into())]);
    let ids = |page: crate::store::Page<tidings_protocol::entity::Room>| {
        page.items.iter().map(|room| room.room_id.to_string()).collect::<Vec<_>>()
    };
    let mine = kit.store.rooms_of(&user("ann"), &few, None, 9).await.unwrap();
    assert_eq!(ids(mine), [direct.as_str(), "team:blue", "team:red", "teams"]);
    let public = kit.store.public_rooms(&user("eve"), &few, None, 2).await.unwrap();
    assert!(public.has_more);
    assert_eq!(ids(public), ["team:blue", "team:red"]);
    let none = kit.store.public_rooms(&user("eve"), &Reach::Only(Vec::new()), None, 9).await.unwrap();
    assert!(none.items.is_empty());
    let every = Reach::Only(vec![RoomMatch::Prefix(String::new())]);
    assert_eq!(kit.store.public_rooms(&user("eve"), &every, None, 9).await.unwrap().items.len(), 4);
}
