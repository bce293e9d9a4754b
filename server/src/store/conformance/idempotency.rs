//! (sender, id) makes one entry, once.

use super::kit::{Kit, at, delete, edit, key, message, react, room, text, unreact, user};
use crate::store::{Append, Appended, Refusal, Write, Written};

fn keyed(mut append: Append, name: &str) -> Append {
    append.client_id = key(name);
    append
}

/// The same request again, as a client sends it: later, with another id for the message.
fn again(append: &Append) -> Append {
    Append {
        new_id: message("another"),
        at: at(99_999),
        sender_name: Some("New Name".into()),
        ..append.clone()
    }
}

fn appended(outcome: &Result<Written, Refusal>) -> &Appended {
    match outcome {
        Ok(Written::Appended(appended)) => appended,
        other => panic!("not an append: {other:?}"),
    }
}

pub(crate) async fn a_retransmit_is_stored_once_and_answered_with_the_first_position(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let append = keyed(kit.in_room("ann", "general", text("hi")), "k");
    let first = kit.append(append.clone()).await.unwrap();
    let second = kit.append(again(&append)).await.unwrap();
    assert_eq!((second.seq, &second.message_id), (first.seq, &first.message_id));
    assert!(second.duplicate && second.entry.is_none() && second.inbox.is_empty());
    assert_eq!(kit.store.log(&room("general"), 0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn a_long_batch_is_stored_as_a_short_one_is_and_known_again(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let appends: Vec<Append> = (0..200)
        .map(|n| {
            let append = kit.in_room("ann", "general", text(&format!("number {n}")));
            if n % 7 == 0 { append } else { keyed(append, &format!("k{n}")) }
        })
        .collect();
    let first = kit.all(appends.iter().cloned().map(Write::Append).collect()).await;
    let seqs: Vec<Option<u64>> = first.iter().map(|outcome| appended(outcome).seq).collect();
    assert_eq!(seqs, (1..=200).map(Some).collect::<Vec<_>>());
    let resent = appends
        .iter()
        .enumerate()
        .map(|(n, append)| Write::Append(Append { new_id: message(&format!("again-{n}")), ..again(append) }));
    let second = kit.all(resent.collect()).await;
    for (n, (first, second)) in first.iter().zip(&second).enumerate() {
        let (first, second) = (appended(first), appended(second));
        assert_eq!(second.duplicate, n % 7 != 0);
        assert_eq!((second.seq, &second.message_id) == (first.seq, &first.message_id), n % 7 != 0);
    }
    let log = kit.store.log(&room("general"), 0, 200).await.unwrap();
    for (outcome, entry) in first.iter().zip(&log) {
        assert_eq!(appended(outcome).entry.as_ref(), Some(entry));
    }
}

pub(crate) async fn the_second_of_two_equal_appends_in_one_batch_is_a_duplicate(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let append = keyed(kit.in_room("ann", "general", text("hi")), "k");
    let direct = keyed(kit.to_user("ann", "bob", text("hi")), "d");
    let batch = [&append, &again(&append), &direct, &again(&direct)].map(|one| Write::Append(one.clone()));
    let outcomes = kit.all(batch.into()).await;
    for pair in outcomes.chunks(2) {
        let (first, second) = (appended(&pair[0]), appended(&pair[1]));
        assert!(!first.duplicate && second.duplicate);
        assert_eq!(
            (first.seq, &first.message_id, &first.room_id),
            (Some(1), &second.message_id, &second.room_id)
        );
        assert_eq!(second.seq, Some(1));
    }
}

pub(crate) async fn a_key_used_for_anything_else_is_a_conflict(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.public("other", &["ann"]).await;
    let first = keyed(kit.in_room("ann", "general", text("hi")), "k");
    let made = kit.append(first).await.unwrap().message_id;
    let others = [
        kit.in_room("ann", "general", text("ho")),
        kit.in_room("ann", "other", text("hi")),
        kit.to_user("ann", "general", text("hi")),
        kit.in_room("ann", "general", edit(&made, "hi")),
        kit.in_room("ann", "general", delete(&made)),
        kit.in_room("ann", "general", react(&made, "hi")),
        kit.in_room("ann", "nowhere", text("hi")),
    ];
    for other in others {
        let what = format!("{other:?}");
        assert_eq!(kit.append(keyed(other, "k")).await, Err(Refusal::Conflict), "{what}");
    }
    kit.append(keyed(kit.in_room("ann", "general", react(&made, "👍")), "r")).await.unwrap();
    for other in [unreact(&made, "👍"), react(&made, "🎉"), edit(&made, "👍")] {
        let other = keyed(kit.in_room("ann", "general", other), "r");
        assert_eq!(kit.append(other).await, Err(Refusal::Conflict));
    }
    let mut notification = kit.notification("bob", "hi");
    notification.sender = user("ann");
    notification.client_id = key("k");
    assert_eq!(kit.one(Write::Notify(notification)).await, Err(Refusal::Conflict));
    let mut broadcast = kit.to_all("hi");
    broadcast.sender = user("ann");
    broadcast.client_id = key("k");
    assert_eq!(kit.one(Write::Broadcast(broadcast)).await, Err(Refusal::Conflict));
    assert_eq!(kit.store.log(&room("general"), 0, 9).await.unwrap().len(), 2);
}

pub(crate) async fn keys_of_notifications_and_broadcasts_conflict_with_appends(kit: &Kit<'_>) {
    kit.public("general", &["robot"]).await;
    let mut notification = kit.notification("ann", "one");
    notification.client_id = key("n");
    let mut broadcast = kit.to_all("two");
    broadcast.client_id = key("b");
    kit.all(vec![Write::Notify(notification), Write::Broadcast(broadcast)]).await;
    for name in ["n", "b"] {
        let append = keyed(kit.in_room("robot", "general", text("one")), name);
        assert_eq!(kit.append(append).await, Err(Refusal::Conflict), "{name}");
    }
}

pub(crate) async fn a_key_belongs_to_its_sender(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    for (sender, seq) in [("ann", 1), ("bob", 2)] {
        let made = kit.append(keyed(kit.in_room(sender, "general", text("hi")), "k")).await.unwrap();
        assert_eq!((made.seq, made.duplicate), (Some(seq), false));
    }
}

pub(crate) async fn without_a_key_the_same_text_is_another_message(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    assert_eq!(kit.say("ann", "general", "hi").await.seq, Some(1));
    assert_eq!(kit.say("ann", "general", "hi").await.seq, Some(2));
}

pub(crate) async fn a_duplicate_is_known_after_the_sender_has_left(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let append = keyed(kit.in_room("bob", "general", text("bye")), "k");
    kit.append(append.clone()).await.unwrap();
    kit.one(Write::RemoveMember { room_id: room("general"), user_id: user("bob"), stays_out: false })
        .await
        .unwrap();
    let second = kit.append(again(&append)).await.unwrap();
    assert_eq!((second.seq, second.duplicate), (Some(1), true));
    assert_eq!(kit.change("bob", "general", text("again")).await, Err(Refusal::NotAMember));
}

pub(crate) async fn every_kind_of_change_is_known_by_its_key(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let to = kit.say("ann", "general", "hi").await.message_id;
    let changes = [react(&to, "👍"), unreact(&to, "👍"), edit(&to, "ho"), delete(&to)];
    let mut appends = Vec::new();
    for (n, change) in changes.into_iter().enumerate() {
        let append = keyed(kit.in_room("ann", "general", change), &format!("k{n}"));
        let made = kit.append(append.clone()).await.unwrap();
        appends.push((append, made));
    }
    for (append, made) in appends {
        let second = kit.append(again(&append)).await.unwrap();
        assert_eq!((second.seq, &second.message_id), (made.seq, &to));
        assert!(second.duplicate);
    }
    assert_eq!(kit.store.log(&room("general"), 0, 99).await.unwrap().len(), 5);
}

pub(crate) async fn what_was_refused_or_changed_nothing_uses_up_no_key(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let refused = keyed(kit.in_room("eve", "general", text("hi")), "k");
    assert_eq!(kit.append(refused.clone()).await, Err(Refusal::NotAMember));
    kit.join("eve", "general").await.unwrap();
    assert_eq!(kit.append(refused).await.unwrap().seq, Some(1));

    let to = kit.say("ann", "general", "hi").await.message_id;
    let unset = keyed(kit.in_room("ann", "general", unreact(&to, "👍")), "k");
    assert_eq!(kit.append(unset.clone()).await.unwrap().seq, None);
    kit.change("ann", "general", react(&to, "👍")).await.unwrap();
    let made = kit.append(unset).await.unwrap();
    assert_eq!((made.seq, made.duplicate), (Some(4), false));
}
