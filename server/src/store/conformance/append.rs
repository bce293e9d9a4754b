//! Appending to a room's log.

use super::kit::{Kit, message, room, text, user};
use crate::store::{Change, EntryBody, Refusal, Write, Written};

pub(crate) async fn seqs_of_a_room_begin_at_1_and_have_no_holes(kit: &Kit<'_>) {
    kit.public("general", &["ann", "bob"]).await;
    kit.public("other", &["ann"]).await;
    let mut batch = Vec::new();
    for n in 0..30 {
        let to = if n % 3 == 0 { "other" } else { "general" };
        batch.push(Write::Append(kit.in_room("ann", to, text("hi"))));
    }
    kit.all(batch).await;
    kit.say("bob", "general", "last").await;
    let log = kit.store.log(&room("general"), 0, 100).await.unwrap();
    assert_eq!(log.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=21).collect::<Vec<_>>());
    let other = kit.store.log(&room("other"), 0, 100).await.unwrap();
    assert_eq!(other.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
}

pub(crate) async fn an_append_answers_the_entry_that_the_log_then_holds(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let mut append = kit.in_room("ann", "general", text("hello"));
    append.sender_name = Some("Ann".into());
    append.client_id = super::kit::key("k1");
    let appended = kit.append(append.clone()).await.unwrap();
    assert_eq!((appended.seq, appended.duplicate, &appended.inbox), (Some(1), false, &Vec::new()));
    assert_eq!(appended.message_id, append.new_id);
    let entry = appended.entry.unwrap();
    assert_eq!((&entry.actor, entry.at, &entry.client_id), (&append.sender, append.at, &append.client_id));
    let EntryBody::Message(sent) = &entry.body else { panic!("{entry:?}") };
    assert_eq!((sent.content.as_str(), sent.sender_name.as_deref()), ("hello", Some("Ann")));
    assert_eq!(kit.store.log(&room("general"), 0, 10).await.unwrap(), [entry]);
}

pub(crate) async fn any_text_comes_back_as_it_was_sent(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let texts = ["\u{0}", "a\u{0}b", "\"'\\\n\t\u{1b}", "{\"json\": [1]}", "👩‍👩‍👧‍👦 e\u{301} \u{202e}abc", " "];
    for sent in texts {
        kit.say("ann", "general", sent).await;
    }
    let log = kit.store.log(&room("general"), 0, 100).await.unwrap();
    let read: Vec<&str> = log
        .iter()
        .map(|entry| match &entry.body {
            EntryBody::Message(message) => message.content.as_str(),
            EntryBody::Edited { .. } | EntryBody::Deleted { .. } | EntryBody::Reaction { .. } => "no message",
        })
        .collect();
    assert_eq!(read, texts);
}

pub(crate) async fn who_is_not_a_member_cannot_tell_whether_there_is_a_room(kit: &Kit<'_>) {
    kit.public("open", &["ann"]).await;
    kit.private("closed", &["ann"]).await;
    let direct = kit.tell("ann", "bob", "psst").await.room_id;
    for to in ["open", "closed", "nowhere", direct.as_str(), "direct:nobody"] {
        let refused = kit.change("eve", to, text("hi")).await;
        assert_eq!(refused, Err(Refusal::NotAMember), "{to}");
        let refused = kit.change("eve", to, super::kit::delete(&message("m1"))).await;
        assert_eq!(refused, Err(Refusal::NotAMember), "{to}");
    }
}

pub(crate) async fn a_refused_append_leaves_the_others_of_its_batch_as_they_are(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let outcomes = kit
        .all(vec![
            Write::Append(kit.in_room("ann", "general", text("first"))),
            Write::Append(kit.in_room("eve", "general", text("refused"))),
            Write::Append(kit.in_room("ann", "general", super::kit::edit(&message("nothing"), "refused"))),
            Write::Append(kit.in_room("ann", "general", text("second"))),
        ])
        .await;
    assert_eq!(outcomes[1], Err(Refusal::NotAMember));
    assert_eq!(outcomes[2], Err(Refusal::NotFound));
    let Ok(Written::Appended(second)) = &outcomes[3] else { panic!("{outcomes:?}") };
    assert_eq!(second.seq, Some(2));
    assert_eq!(kit.store.log(&room("general"), 0, 100).await.unwrap().len(), 2);
}

pub(crate) async fn a_batch_is_done_in_order_whatever_stands_in_it(kit: &Kit<'_>) {
    let join = |who| Write::Join {
        room_id: room("new"),
        user_id: user(who),
        admitted: false,
        resumed: false,
        at: super::kit::at(0),
    };
    let outcomes = kit
        .all(vec![
            Write::Append(kit.in_room("ann", "new", text("too early"))),
            join("ann"),
            Write::Append(kit.in_room("ann", "new", text("one"))),
            Write::Append(kit.in_room("bob", "new", text("too early"))),
            join("bob"),
            Write::Append(kit.in_room("bob", "new", text("two"))),
            Write::RemoveMember { room_id: room("new"), user_id: user("ann"), stays_out: false },
            Write::Append(kit.in_room("ann", "new", text("too late"))),
        ])
        .await;
    let refused: Vec<bool> = outcomes.iter().map(Result::is_err).collect();
    assert_eq!(refused, [true, false, false, true, false, false, false, true]);
    let heads: Vec<u64> =
        kit.store.log(&room("new"), 0, 9).await.unwrap().iter().map(|entry| entry.seq).collect();
    assert_eq!(heads, [1, 2]);
}

pub(crate) async fn the_log_is_read_from_any_position_in_order(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    for n in 0..10 {
        let said = kit.say("ann", "general", &n.to_string()).await;
        kit.change("ann", "general", super::kit::react(&said.message_id, "👍")).await.unwrap();
    }
    let seqs = async |after, limit| -> Vec<u64> {
        let entries = kit.store.log(&room("general"), after, limit).await.unwrap();
        entries.iter().map(|entry| entry.seq).collect()
    };
    assert_eq!(seqs(0, 3).await, [1, 2, 3]);
    assert_eq!(seqs(7, 2).await, [8, 9]);
    assert_eq!(seqs(18, 10).await, [19, 20]);
    assert!(seqs(20, 10).await.is_empty());
    assert!(seqs(u64::MAX, 10).await.is_empty());
    assert!(kit.store.log(&room("nowhere"), 0, 10).await.unwrap().is_empty());
}

pub(crate) async fn an_answer_names_what_it_answers(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let first = kit.say("ann", "general", "a question").await.message_id;
    let answer = Change::Message { content: "an answer".into(), reply_to: Some(first.clone()) };
    let entry = kit.change("ann", "general", answer).await.unwrap().entry.unwrap();
    let EntryBody::Message(message) = &entry.body else { panic!("{entry:?}") };
    assert_eq!(message.reply_to, Some(first));
    assert_eq!(kit.store.log(&room("general"), 1, 1).await.unwrap(), [entry]);
}
