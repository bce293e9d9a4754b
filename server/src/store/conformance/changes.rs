//! Edits, deletes and reactions.

use tidings_protocol::entity::{Message, ReactionCount};
use tidings_protocol::limits::MAX_REACTIONS_PER_USER;

use super::kit::{Kit, at, delete, edit, message, react, room, text, unreact, user};
use crate::store::{EntryBody, HistoryPage, Refusal, Write};

async fn shown(kit: &Kit<'_>, seq: u64) -> Message {
    let page =
        kit.store.history(&room("general"), &user("ann"), HistoryPage::After(seq - 1), 1).await.unwrap();
    page.page.items.into_iter().next().unwrap()
}

pub(crate) async fn an_edit_has_its_own_seq_and_history_shows_the_new_text(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "helo").await.message_id;
    let edited = kit.change("ann", "general", edit(&id, "hello")).await.unwrap();
    assert_eq!((edited.seq, &edited.message_id), (Some(2), &id));
    let body = EntryBody::Edited { message_id: id, content: "hello".into(), edited_at: at(2) };
    assert_eq!(edited.entry.unwrap().body, body);
    let now = shown(kit, 1).await;
    assert_eq!((now.content.as_str(), now.edited_at, now.timestamp), ("hello", Some(at(2)), at(1)));
}

pub(crate) async fn replay_shows_messages_and_edits_in_their_present_state(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "one").await.message_id;
    for content in ["two", "three"] {
        kit.change("ann", "general", edit(&id, content)).await.unwrap();
    }
    let log = kit.store.log(&room("general"), 0, 9).await.unwrap();
    let EntryBody::Message(first) = &log[0].body else { panic!("{log:?}") };
    assert_eq!(first.content, "three");
    let body = EntryBody::Edited { message_id: id, content: "three".into(), edited_at: at(3) };
    assert_eq!((&log[1].body, &log[2].body), (&body, &body));
}

pub(crate) async fn a_deleted_message_has_no_text_anywhere(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let id = kit.say("ann", "general", "secret").await.message_id;
    kit.change("ann", "general", edit(&id, "secret too")).await.unwrap();
    kit.change("bob", "general", react(&id, "👍")).await.unwrap();
    let deleted = kit.change("ann", "general", delete(&id)).await.unwrap();
    assert_eq!(deleted.seq, Some(4));
    let now = shown(kit, 1).await;
    assert_eq!((now.content.as_str(), now.deleted, now.reactions), ("", true, Vec::new()));
    let log = kit.store.log(&room("general"), 0, 9).await.unwrap();
    assert_eq!(log.len(), 4);
    assert!(!format!("{log:?}").contains("secret"));
    assert_eq!(log[3].body, EntryBody::Deleted { message_id: id });
}

pub(crate) async fn only_the_sender_edits_and_deletes(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let id = kit.say("bob", "general", "mine").await.message_id;
    assert_eq!(kit.change("ann", "general", edit(&id, "yours")).await, Err(Refusal::Forbidden));
    assert_eq!(kit.change("ann", "general", delete(&id)).await, Err(Refusal::Forbidden));
    assert_eq!(shown(kit, 1).await.content, "mine");
}

pub(crate) async fn a_message_of_another_room_is_not_found(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.public("other", &["ann"]).await;
    let id = kit.say("ann", "other", "elsewhere").await.message_id;
    for id in [id, message("nothing")] {
        for change in [edit(&id, "x"), delete(&id), react(&id, "👍"), unreact(&id, "👍")] {
            assert_eq!(kit.change("ann", "general", change).await, Err(Refusal::NotFound));
        }
    }
}

pub(crate) async fn a_deleted_message_takes_no_edit_and_no_reaction(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "gone").await.message_id;
    kit.change("ann", "general", delete(&id)).await.unwrap();
    for change in [edit(&id, "x"), react(&id, "👍"), unreact(&id, "👍")] {
        assert_eq!(kit.change("ann", "general", change).await, Err(Refusal::NotFound));
    }
}

pub(crate) async fn deleting_a_deleted_message_makes_no_entry(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "gone").await.message_id;
    kit.change("ann", "general", delete(&id)).await.unwrap();
    let again = kit.change("ann", "general", delete(&id)).await.unwrap();
    assert_eq!((again.seq, again.duplicate, again.entry), (None, false, None));
    assert_eq!(kit.store.log(&room("general"), 0, 9).await.unwrap().len(), 2);
}

pub(crate) async fn setting_what_is_set_makes_no_entry(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "hi").await.message_id;
    let seqs = [(unreact(&id, "👍"), None), (react(&id, "👍"), Some(2)), (react(&id, "👍"), None)];
    for (change, seq) in seqs {
        assert_eq!(kit.change("ann", "general", change).await.unwrap().seq, seq);
    }
    let unset = kit.change("ann", "general", unreact(&id, "👍")).await.unwrap();
    let body = EntryBody::Reaction { message_id: id, emoji: "👍".into(), removed: true };
    assert_eq!((unset.seq, unset.entry.unwrap().body), (Some(3), body));
}

pub(crate) async fn reactions_are_counted_in_the_order_in_which_each_first_came(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob", "cat"]).await;
    let id = kit.say("bob", "general", "hi").await.message_id;
    for (who, change) in [
        ("bob", react(&id, "z")),
        ("ann", react(&id, "a")),
        ("cat", react(&id, "z")),
        ("bob", react(&id, "m")),
        ("bob", unreact(&id, "m")),
    ] {
        kit.change(who, "general", change).await.unwrap();
    }
    let count = |emoji: &str, count, mine| ReactionCount { emoji: emoji.into(), count, mine };
    assert_eq!(shown(kit, 1).await.reactions, [count("z", 2, false), count("a", 1, true)]);
}

pub(crate) async fn a_user_puts_only_so_many_emojis_on_a_message(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    let id = kit.say("ann", "general", "hi").await.message_id;
    let writes = (0..MAX_REACTIONS_PER_USER).map(|n| react(&id, &format!("e{n}")));
    let batch = writes.map(|change| Write::Append(kit.in_room("ann", "general", change))).collect();
    assert!(kit.all(batch).await.iter().all(Result::is_ok));
    assert_eq!(kit.change("ann", "general", react(&id, "more")).await, Err(Refusal::Limit));
    assert_eq!(kit.change("ann", "general", react(&id, "e0")).await.unwrap().seq, None);
    kit.change("bob", "general", react(&id, "more")).await.unwrap();
    kit.change("ann", "general", unreact(&id, "e0")).await.unwrap();
    kit.change("ann", "general", react(&id, "more")).await.unwrap();
}

pub(crate) async fn a_message_can_be_changed_in_the_batch_that_makes_it(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let first = kit.in_room("ann", "general", text("one"));
    let second = kit.in_room("ann", "general", text("two"));
    let (one, two) = (first.new_id.clone(), second.new_id.clone());
    let mut batch = vec![first, second];
    for change in [react(&one, "👍"), edit(&one, "first"), react(&two, "👍"), delete(&two), edit(&two, "no")]
    {
        batch.push(kit.in_room("ann", "general", change));
    }
    let outcomes = kit.all(batch.into_iter().map(Write::Append).collect()).await;
    assert_eq!(outcomes[6], Err(Refusal::NotFound));
    let (first, second) = (shown(kit, 1).await, shown(kit, 2).await);
    assert_eq!((first.content.as_str(), first.reactions.len()), ("first", 1));
    assert_eq!((second.content.as_str(), second.deleted, second.reactions.len()), ("", true, 0));
}
