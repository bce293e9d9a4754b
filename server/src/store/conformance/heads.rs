//! Where many logs stand, in one reading.

use super::kit::{Kit, room, user};
use crate::store::{Heads, UserHeads};

pub(crate) async fn heads_of_rooms_and_users_are_those_of_their_logs(kit: &Kit<'_>) {
    for name in ["one", "two"] {
        kit.public(name, &["ann", "bob"]).await;
    }
    kit.say("ann", "one", "a").await;
    kit.say("bob", "one", "b").await;
    kit.tell("ann", "bob", "c").await;
    kit.notify("bob", "d").await;
    kit.notify("bob", "e").await;
    kit.broadcast("f").await;
    kit.private("three", &["ann"]).await;
    let rooms = [room("two"), room("nowhere"), room("three"), room("one")];
    let users = [user("bob"), user("nobody"), user("ann")];
    let mut heads = kit.store.heads(&rooms, &users).await.unwrap();
    heads.rooms.sort();
    heads.users.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(heads.rooms, [(room("one"), 2), (room("three"), 0), (room("two"), 0)]);
    assert_eq!(heads.private, [room("three")]);
    let [ann, bob] = [(1, 0), (1, 2)].map(|(inbox, notification)| UserHeads { inbox, notification });
    assert_eq!(heads.users, [(user("ann"), ann), (user("bob"), bob)]);
    assert_eq!(heads.broadcast, 1);
}

pub(crate) async fn heads_of_nothing_are_only_that_of_the_broadcasts(kit: &Kit<'_>) {
    assert_eq!(kit.store.heads(&[], &[]).await.unwrap(), Heads::default());
    kit.broadcast("a").await;
    assert_eq!(kit.store.heads(&[], &[]).await.unwrap(), Heads { broadcast: 1, ..Heads::default() });
}

pub(crate) async fn who_is_no_member_of_a_room_is_an_outsider(kit: &Kit<'_>) {
    kit.private("one", &["ann", "bob"]).await;
    kit.public("two", &["ann"]).await;
    kit.tell("ann", "bob", "direct").await;
    let direct = kit.store.direct_room(&user("ann"), &user("bob")).await.unwrap().unwrap();
    let all = ["ann", "bob", "nobody"].map(user);
    let rooms = [room("one"), room("two"), direct.clone(), room("nowhere")];
    let pairs: Vec<_> = rooms.iter().flat_map(|r| all.iter().map(|u| (r.clone(), u.clone()))).collect();
    let mut outsiders = kit.store.outsiders(&pairs).await.unwrap();
    outsiders.sort();
    let mut expected: Vec<_> = [("one", "nobody"), ("two", "bob"), ("two", "nobody")]
        .into_iter()
        .chain([("nowhere", "ann"), ("nowhere", "bob"), ("nowhere", "nobody")])
        .map(|(r, u)| (room(r), user(u)))
        .chain([(direct, user("nobody"))])
        .collect();
    expected.sort();
    assert_eq!(outsiders, expected);
    kit.one(crate::store::Write::RemoveMember {
        room_id: room("one"),
        user_id: user("bob"),
        stays_out: false,
    })
    .await
    .unwrap();
    let bob = [(room("one"), user("bob"))];
    assert_eq!(kit.store.outsiders(&bob).await.unwrap(), bob);
    kit.one(crate::store::Write::PutMember {
        room_id: room("one"),
        user_id: user("bob"),
        at: super::kit::at(0),
    })
    .await
    .unwrap();
    assert_eq!(kit.store.outsiders(&bob).await.unwrap(), []);
    assert_eq!(kit.store.outsiders(&[]).await.unwrap(), []);
}
