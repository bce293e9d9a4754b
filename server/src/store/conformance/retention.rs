//! What retention takes away, and the name of the log.

use secrecy::ExposeSecret as _;
use tidings_protocol::Epoch;

use super::kit::{Kit, at, key, user};
use crate::store::{NewNotification, NotificationPosition, Write, Written};

fn prune(before: i64, limit: u32) -> Write {
    Write::PruneNotifications { before: at(before), limit }
}

fn pruned(removed: u64) -> Written {
    Written::Pruned { removed }
}

pub(crate) async fn the_oldest_go_first_and_at_most_so_many_of_each(kit: &Kit<'_>) {
    kit.see("ann", None).await;
    for n in 0..3 {
        kit.notify("ann", &n.to_string()).await;
        kit.broadcast(&n.to_string()).await;
    }
    kit.notify("bob", "3").await;
    assert_eq!(kit.one(prune(100, 2)).await, Ok(pruned(4)));
    let heads = kit.notices_of("ann").await;
    assert_eq!(heads.expired, NotificationPosition { own: 2, broadcast: 2 });
    assert_eq!((heads.head, heads.unread), (NotificationPosition { own: 3, broadcast: 3 }, 1));
    let left = kit.store.notices(&user("ann"), NotificationPosition::default(), 9).await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(kit.one(prune(6, 9)).await, Ok(pruned(1)));
    assert_eq!(kit.one(prune(6, 9)).await, Ok(pruned(0)));
    assert_eq!(kit.notices_of("bob").await.expired.own, 0);
}

pub(crate) async fn positions_go_on_after_everything_has_gone(kit: &Kit<'_>) {
    kit.notify("ann", "one").await;
    kit.broadcast("one").await;
    assert_eq!(kit.one(prune(100, 9)).await, Ok(pruned(2)));
    assert_eq!(kit.notify("ann", "two").await, 2);
    assert_eq!(kit.broadcast("two").await, 2);
}

pub(crate) async fn a_key_goes_with_what_it_made(kit: &Kit<'_>) {
    kit.public("general", &["robot"]).await;
    let new = NewNotification { client_id: key("n"), ..kit.notification("ann", "one") };
    let mut all = kit.to_all("one");
    all.client_id = key("b");
    let mut message = kit.in_room("robot", "general", super::kit::text("stays"));
    message.client_id = key("m");
    let batch =
        || vec![Write::Notify(new.clone()), Write::Broadcast(all.clone()), Write::Append(message.clone())];
    kit.all(batch()).await;
    kit.one(prune(100, 9)).await.unwrap();
    let again = kit.all(batch()).await;
    let [
        Ok(Written::Notified { position: 2, duplicate: false, .. }),
        Ok(Written::Broadcast { position: 2, duplicate: false, .. }),
        Ok(Written::Appended(appended)),
    ] = &again[..]
    else {
        panic!("{again:?}")
    };
    assert!(appended.duplicate);
}

pub(crate) async fn the_log_can_be_named_anew(kit: &Kit<'_>) {
    let before = kit.store.epoch().await.unwrap();
    let secret = kit.store.ticket_secret().await.unwrap();
    assert!(secret.expose_secret().len() >= 32);
    let after = Epoch::new("restored").unwrap();
    assert_ne!(before, after);
    assert_eq!(kit.one(Write::NewEpoch(after.clone())).await, Ok(Written::Epoch(after.clone())));
    assert_eq!(kit.store.epoch().await.unwrap(), after);
    let still = kit.store.ticket_secret().await.unwrap();
    assert_eq!(still.expose_secret(), secret.expose_secret(), "tickets that are out go on to count");
}

pub(crate) async fn a_store_that_can_write_says_so(kit: &Kit<'_>) {
    kit.store.check().await.unwrap();
    assert!(kit.all(Vec::new()).await.is_empty());
}
