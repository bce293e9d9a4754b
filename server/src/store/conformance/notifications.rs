//! Notifications and broadcasts: stored, streamed, listed and marked.

use serde_json::json;

use super::kit::{Kit, at, key, user};
use crate::store::{NewNotification, Notice, NotificationPosition, Refusal, Which, Write, Written};

fn position(own: u64, broadcast: u64) -> NotificationPosition {
    NotificationPosition { own, broadcast }
}

async fn titles(kit: &Kit<'_>, who: &str, after: NotificationPosition, limit: u32) -> Vec<String> {
    let notices = kit.store.notices(&user(who), after, limit).await.unwrap();
    let titles = notices.into_iter().map(|notice| match notice {
        Notice::Own(position, one) => format!("{} {position}", one.title),
        Notice::Broadcast(position, one) => format!("{} *{position}", one.title),
    });
    titles.collect()
}

async fn listed(kit: &Kit<'_>, unread: bool, before: Option<&str>, limit: u32) -> (Vec<String>, bool, u64) {
    let (page, count) = kit.store.notifications(&user("ann"), unread, before, limit).await.unwrap();
    (page.items.into_iter().map(|one| one.title).collect(), page.has_more, count)
}

fn read(which: Which) -> Write {
    Write::NotificationsRead { user_id: user("ann"), which }
}

fn remove(which: Which) -> Write {
    Write::NotificationsDelete { user_id: user("ann"), which }
}

pub(crate) async fn a_notification_comes_back_as_it_was_sent(kit: &Kit<'_>) {
    let data = json!({"a": [1, "\u{0}", null], "b": {"c": 1.5}});
    let mut new = kit.notification("ann", "title");
    new.data = data.as_object().unwrap().clone();
    let Ok(Written::Notified { position: 1, notification, duplicate: false }) =
        kit.one(Write::Notify(new.clone())).await
    else {
        panic!("refused")
    };
    assert_eq!((&notification.id, &notification.data, notification.read), (&new.new_id, &new.data, false));
    assert_eq!((&notification.kind, notification.created_at), (&new.kind, new.at));
    let notices = kit.store.notices(&user("ann"), position(0, 0), 9).await.unwrap();
    assert_eq!(notices, [Notice::Own(1, notification)]);
}

pub(crate) async fn positions_are_dense_for_each_user_and_for_the_broadcasts(kit: &Kit<'_>) {
    assert_eq!(kit.notify("ann", "a").await, 1);
    assert_eq!(kit.notify("bob", "b").await, 1);
    assert_eq!(kit.notify("ann", "c").await, 2);
    assert_eq!(kit.broadcast("d").await, 1);
    assert_eq!(kit.broadcast("e").await, 2);
    let heads = kit.notices_of("ann").await;
    assert_eq!((heads.head, heads.unread), (position(2, 2), 2));
}

pub(crate) async fn a_retransmitted_notification_or_broadcast_is_stored_once(kit: &Kit<'_>) {
    let new = NewNotification { client_id: key("n"), ..kit.notification("ann", "one") };
    let mut all = kit.to_all("two");
    all.client_id = key("b");
    let first = kit.all(vec![Write::Notify(new.clone()), Write::Broadcast(all.clone())]).await;
    kit.one(read(Which::All)).await.unwrap();
    let mut later = new.clone();
    (later.new_id, later.at) = ("other".into(), at(99));
    (all.new_id, all.at) = ("other".into(), at(99));
    let second = kit.all(vec![Write::Notify(later.clone()), Write::Broadcast(all.clone())]).await;
    let Ok(Written::Notified { position: 1, notification, duplicate: true }) = &second[0] else {
        panic!("{second:?}")
    };
    assert_eq!((&notification.id, notification.created_at, notification.read), (&new.new_id, new.at, true));
    let (
        Ok(Written::Broadcast { broadcast: one, .. }),
        Ok(Written::Broadcast { broadcast: two, duplicate, .. }),
    ) = (&first[1], &second[1])
    else {
        panic!("{second:?}")
    };
    assert!(one == two && *duplicate);
    later.title = "changed".into();
    all.title = "changed".into();
    let refused = kit.all(vec![Write::Notify(later), Write::Broadcast(all)]).await;
    assert_eq!(refused, [Err(Refusal::Conflict), Err(Refusal::Conflict)]);
}

pub(crate) async fn a_stream_merges_both_by_time_each_in_its_own_order(kit: &Kit<'_>) {
    kit.see("ann", None).await;
    kit.notify("ann", "a").await;
    kit.broadcast("b").await;
    kit.notify("ann", "c").await;
    kit.broadcast("d").await;
    assert_eq!(titles(kit, "ann", position(0, 0), 9).await, ["a 1", "b *1", "c 2", "d *2"]);
    assert_eq!(titles(kit, "ann", position(0, 0), 2).await, ["a 1", "b *1"]);
    assert_eq!(titles(kit, "ann", position(1, 1), 9).await, ["c 2", "d *2"]);
    assert_eq!(titles(kit, "ann", position(2, 0), 9).await, ["b *1", "d *2"]);
    assert!(titles(kit, "ann", position(u64::MAX, u64::MAX), 9).await.is_empty());
}

pub(crate) async fn broadcasts_begin_when_the_user_was_first_seen(kit: &Kit<'_>) {
    kit.broadcast("before").await;
    kit.notify("ann", "waiting").await;
    assert_eq!(titles(kit, "ann", position(0, 0), 9).await, ["waiting 1"]);
    let heads = kit.notices_of("ann").await;
    assert_eq!(heads.handed, position(0, 1));
    kit.see("ann", None).await;
    kit.broadcast("after").await;
    kit.see("ann", None).await;
    assert_eq!(titles(kit, "ann", position(0, 0), 9).await, ["waiting 1", "after *2"]);
    assert_eq!(kit.notices_of("ann").await.handed, position(0, 1));
}

pub(crate) async fn what_was_handed_moves_forward_only_and_to_the_heads_at_most(kit: &Kit<'_>) {
    kit.see("ann", None).await;
    for n in 0..3 {
        kit.notify("ann", &n.to_string()).await;
        kit.broadcast(&n.to_string()).await;
    }
    let handed = async |to| {
        let write = Write::NotificationsHanded { user_id: user("ann"), position: to };
        assert_eq!(kit.one(write).await, Ok(Written::Nothing));
        kit.notices_of("ann").await.handed
    };
    assert_eq!(handed(position(2, 1)).await, position(2, 1));
    assert_eq!(handed(position(1, 2)).await, position(2, 2));
    assert_eq!(handed(position(u64::MAX, 0)).await, position(3, 2));
}

pub(crate) async fn the_list_is_newest_first_page_by_page_and_counts_all_that_is_unread(kit: &Kit<'_>) {
    for title in ["a", "b", "c", "d"] {
        kit.notify("ann", title).await;
    }
    kit.notify("bob", "not hers").await;
    kit.one(read(Which::One("n3".into()))).await.unwrap();
    assert_eq!(listed(kit, false, None, 2).await, (vec!["d".into(), "c".into()], true, 3));
    assert_eq!(listed(kit, false, Some("n3"), 9).await, (vec!["b".into(), "a".into()], false, 3));
    assert_eq!(listed(kit, true, None, 2).await, (vec!["d".into(), "b".into()], true, 3));
    assert_eq!(listed(kit, true, Some("n3"), 9).await, (vec!["b".into(), "a".into()], false, 3));
    assert_eq!(listed(kit, false, Some("n5"), 9).await, (vec![], false, 3));
}

pub(crate) async fn notifications_are_marked_read_one_by_one_or_all(kit: &Kit<'_>) {
    for title in ["a", "b", "c"] {
        kit.notify("ann", title).await;
    }
    let state = |changed, unread| Ok(Written::NotificationState { changed, unread });
    let one = || Which::One("n1".into());
    assert_eq!(kit.one(read(one())).await, state(true, 2));
    assert_eq!(kit.one(read(one())).await, state(false, 2));
    assert_eq!(kit.one(read(Which::All)).await, state(true, 0));
    assert_eq!(kit.one(read(Which::All)).await, state(false, 0));
    let foreign = Write::NotificationsRead { user_id: user("eve"), which: one() };
    assert_eq!(kit.one(foreign).await, Err(Refusal::NotFound));
    let none = Write::NotificationsRead { user_id: user("eve"), which: Which::All };
    assert_eq!(kit.one(none).await, state(false, 0));
}

pub(crate) async fn a_deleted_notification_is_seen_no_more_but_its_key_still_knows_it(kit: &Kit<'_>) {
    let keyed = NewNotification { client_id: key("k"), ..kit.notification("ann", "a") };
    kit.one(Write::Notify(keyed.clone())).await.unwrap();
    for title in ["b", "c"] {
        kit.notify("ann", title).await;
    }
    let state = |changed, unread| Ok(Written::NotificationState { changed, unread });
    assert_eq!(kit.one(remove(Which::One("n1".into()))).await, state(true, 2));
    assert_eq!(kit.one(remove(Which::One("n1".into()))).await, Err(Refusal::NotFound));
    assert_eq!(kit.one(read(Which::One("n1".into()))).await, Err(Refusal::NotFound));
    assert_eq!(titles(kit, "ann", position(0, 0), 9).await, ["b 2", "c 3"]);
    assert_eq!(listed(kit, false, None, 9).await, (vec!["c".into(), "b".into()], false, 2));
    let Ok(Written::Notified { position: 1, notification, duplicate: true }) =
        kit.one(Write::Notify(keyed)).await
    else {
        panic!("made again")
    };
    assert_eq!((notification.id.as_str(), notification.title.as_str()), ("n1", "a"));
    assert_eq!(kit.one(remove(Which::All)).await, state(true, 0));
    assert_eq!(kit.one(remove(Which::All)).await, state(false, 0));
    assert_eq!(listed(kit, false, None, 9).await, (vec![], false, 0));
    assert_eq!(kit.notify("ann", "d").await, 4);
}
