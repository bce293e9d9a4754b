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
    let rooms = [room("two"), room("nowhere"), room("one")];
    let users = [user("bob"), user("nobody"), user("ann")];
    let mut heads = kit.store.heads(&rooms, &users).await.unwrap();
    heads.rooms.sort();
    heads.users.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(heads.rooms, [(room("one"), 2), (room("two"), 0)]);
    let [ann, bob] = [(1, 0), (1, 2)].map(|(inbox, notification)| UserHeads { inbox, notification });
    assert_eq!(heads.users, [(user("ann"), ann), (user("bob"), bob)]);
    assert_eq!(heads.broadcast, 1);
}

pub(crate) async fn heads_of_nothing_are_only_that_of_the_broadcasts(kit: &Kit<'_>) {
    assert_eq!(kit.store.heads(&[], &[]).await.unwrap(), Heads::default());
    kit.broadcast("a").await;
    assert_eq!(kit.store.heads(&[], &[]).await.unwrap(), Heads { broadcast: 1, ..Heads::default() });
}
