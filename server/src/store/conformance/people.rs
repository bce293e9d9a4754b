//! Users that the server has seen.

use super::kit::{Kit, at, user};
use crate::store::{UserRecord, Write, Written};

pub(crate) async fn a_user_is_known_once_seen(kit: &Kit<'_>) {
    assert_eq!(kit.record("ann").await, None);
    let record = UserRecord { user_id: user("ann"), name: None, last_seen: at(0), inbox_seq: 0 };
    assert_eq!(kit.see("ann", None).await, Written::User(record.clone()));
    assert_eq!(kit.record("ann").await, Some(record));
}

pub(crate) async fn many_users_are_read_at_once(kit: &Kit<'_>) {
    kit.see("ann", None).await;
    kit.see("bob", Some("Bob")).await;
    kit.tell("ann", "ghost", "hi").await;
    let seen = kit.store.seen(&["bob", "ghost", "nobody", "ann", "bob"].map(user)).await.unwrap();
    let names: Vec<_> = seen
        .iter()
        .map(|(id, record)| (id.as_str(), &record.user_id == id, record.name.as_deref()))
        .collect();
    assert_eq!(names, [("ann", true, None), ("bob", true, Some("Bob"))]);
    assert!(kit.store.seen(&[]).await.unwrap().is_empty());
    let both = ["ghost", "nobody", "ann", "ghost"].map(user);
    let partners = kit.store.direct_partners(&both, 9).await.unwrap();
    assert_eq!(
        partners.into_iter().collect::<Vec<_>>(),
        [(user("ann"), vec![user("ghost")]), (user("ghost"), vec![user("ann")])]
    );
    kit.notify("ghost", "one").await;
    let heads = kit.store.notification_heads(&both).await.unwrap();
    let unread: Vec<_> = heads.iter().map(|(id, heads)| (id.as_str(), heads.unread)).collect();
    assert_eq!(unread, [("ann", 0), ("ghost", 1), ("nobody", 0)]);
}

pub(crate) async fn a_name_stays_until_another_comes_and_last_seen_never_goes_back(kit: &Kit<'_>) {
    kit.see("ann", Some("Ann")).await;
    for (name, time) in [(None, 20), (Some("Anna"), 10)] {
        let name = name.map(String::from);
        kit.one(Write::SeeUser { user_id: user("ann"), name, at: at(time) }).await.unwrap();
    }
    let record = kit.record("ann").await.unwrap();
    assert_eq!((record.name.as_deref(), record.last_seen), (Some("Anna"), at(20)));
}

pub(crate) async fn people_are_found_by_the_beginning_of_id_or_name_in_any_case(kit: &Kit<'_>) {
    for (id, name) in
        [("ann", Some("Zoë")), ("Bob", None), ("zoe2", Some("Ünsal")), ("cat", Some("50% off_"))]
    {
        kit.see(id, name).await;
    }
    let found = async |prefix: &str, limit| {
        let page = kit.store.users(prefix, limit).await.unwrap();
        let ids: Vec<String> = page.items.iter().map(|one| one.user_id.to_string()).collect();
        (ids.join(" "), page.has_more)
    };
    assert_eq!(found("", 9).await, ("Bob ann cat zoe2".into(), false));
    assert_eq!(found("", 2).await, ("Bob ann".into(), true));
    assert_eq!(found("Z", 9).await, ("ann zoe2".into(), false));
    assert_eq!(found("b", 9).await, ("Bob".into(), false));
    assert_eq!(found("ü", 9).await, ("zoe2".into(), false));
    for none in ["%", "_", "x", "ob", "50%%", "'"] {
        assert_eq!(found(none, 9).await, (String::new(), false), "{none}");
    }
    assert_eq!(found("50% o", 9).await, ("cat".into(), false));
}
