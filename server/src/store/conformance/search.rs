//! Full-text search.

use super::kit::{Kit, delete, edit, room, user};
use crate::store::{Reach, RoomMatch, SearchQuery, Write};

fn query(who: &str, text: &str) -> SearchQuery {
    SearchQuery {
        user_id: user(who),
        reach: Reach::All,
        text: text.into(),
        room_id: None,
        before: None,
        limit: 10,
    }
}

async fn found(kit: &Kit<'_>, query: SearchQuery) -> Vec<String> {
    let page = kit.store.search(&query).await.unwrap();
    page.items.into_iter().map(|message| message.content).collect()
}

pub(crate) async fn every_word_must_occur_in_any_order_and_case(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    for content in ["the Log is the truth", "a log of wood", "truth or dare"] {
        kit.say("ann", "general", content).await;
    }
    assert_eq!(found(kit, query("ann", "truth LOG")).await, ["the Log is the truth"]);
    assert_eq!(found(kit, query("ann", "log")).await, ["a log of wood", "the Log is the truth"]);
    assert!(found(kit, query("ann", "log dare")).await.is_empty());
}

pub(crate) async fn the_last_word_may_be_the_beginning_of_one(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.say("ann", "general", "hello wonderful world").await;
    assert_eq!(found(kit, query("ann", "hello wond")).await.len(), 1);
    assert!(found(kit, query("ann", "wond hello")).await.is_empty());
    assert!(found(kit, query("ann", "onderful")).await.is_empty());
}

pub(crate) async fn no_text_is_taken_for_a_query_language(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    kit.say("ann", "general", "content with or and near").await;
    let harmless = [
        "\"",
        "*",
        "content:with",
        "a OR",
        "NOT",
        "AND",
        "NEAR(a b",
        "(",
        ")",
        "content NOT with",
        "^content",
        "-with",
        "{content}: with",
        "a\"b",
        "\"content",
        "c*",
        "\u{0}",
        "'; DROP TABLE messages; --",
        "+",
        ":",
        "content + with",
        "\\",
        "%",
        "_",
        "🎉",
        "NEAR/2",
    ];
    for text in harmless {
        kit.store.search(&query("ann", text)).await.unwrap();
    }
    assert_eq!(found(kit, query("ann", "content OR with")).await.len(), 1);
    assert!(found(kit, query("ann", "content NOT absent")).await.is_empty());
    assert!(found(kit, query("ann", "\"* ()")).await.is_empty());
    let many = "word ".repeat(5_000);
    assert!(found(kit, query("ann", &many)).await.is_empty());
}

pub(crate) async fn what_is_no_letter_parts_words_however_new_it_is(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let texts = [
        "Great\u{1f642} work",
        "\u{1f973}party time",
        "\u{f8ff}Music a\u{e000}b",
        "\u{13a3}\u{13cf}\u{13f2} again",
    ];
    for text in texts {
        let id = kit.say("ann", "general", text).await.message_id;
        assert_eq!(found(kit, query("ann", text)).await, [text]);
        kit.change("ann", "general", edit(&id, &format!("{text} and more"))).await.unwrap();
    }
    for words in ["great work", "party time", "music b a", "\u{13a3}\u{13cf}\u{13f2} again"] {
        assert_eq!(found(kit, query("ann", words)).await.len(), 1, "{words}");
    }
}

pub(crate) async fn every_word_of_a_long_message_is_found(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let words: Vec<String> = (0..500).map(|n| format!("w{n}")).collect();
    kit.say("ann", "general", &words.join(" ")).await;
    assert_eq!(found(kit, query("ann", "w499 w250 w0")).await.len(), 1);
}

pub(crate) async fn only_what_the_user_may_read_is_found(kit: &Kit<'_>) {
    kit.public("open", &["ann"]).await;
    kit.private("closed", &["ann"]).await;
    kit.say("ann", "open", "word in the open").await;
    kit.say("ann", "closed", "word behind doors").await;
    kit.tell("ann", "bob", "word for bob").await;
    assert_eq!(found(kit, query("eve", "word")).await, ["word in the open"]);
    assert_eq!(found(kit, query("bob", "word")).await, ["word for bob", "word in the open"]);
    assert_eq!(found(kit, query("ann", "word")).await.len(), 3);
    let closed = SearchQuery { room_id: Some(room("closed")), ..query("ann", "word") };
    assert_eq!(found(kit, closed.clone()).await, ["word behind doors"]);
    assert!(found(kit, SearchQuery { user_id: user("eve"), ..closed }).await.is_empty());
    kit.one(Write::RemoveMember { room_id: room("closed"), user_id: user("ann"), stays_out: false })
        .await
        .unwrap();
    assert_eq!(found(kit, query("ann", "word")).await.len(), 2);
}

pub(crate) async fn search_follows_edits_and_forgets_what_is_deleted(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    let id = kit.say("ann", "general", "apple").await.message_id;
    kit.change("ann", "general", edit(&id, "pear")).await.unwrap();
    assert!(found(kit, query("ann", "apple")).await.is_empty());
    assert_eq!(found(kit, query("ann", "pear")).await, ["pear"]);
    kit.change("ann", "general", delete(&id)).await.unwrap();
    assert!(found(kit, query("ann", "pear")).await.is_empty());
}

pub(crate) async fn results_come_newest_first_page_by_page(kit: &Kit<'_>) {
    kit.public("a", &["ann"]).await;
    kit.public("b", &["ann"]).await;
    for n in 0..5 {
        kit.say("ann", if n % 2 == 0 { "a" } else { "b" }, &format!("word {n}")).await;
    }
    let first = SearchQuery { limit: 2, ..query("ann", "word") };
    let page = kit.store.search(&first).await.unwrap();
    assert!(page.has_more);
    assert_eq!(found(kit, first.clone()).await, ["word 4", "word 3"]);
    let before = page.items.last().map(|message| message.message_id.clone());
    let next = SearchQuery { before, limit: 3, ..first.clone() };
    assert_eq!(found(kit, next.clone()).await, ["word 2", "word 1", "word 0"]);
    assert!(!kit.store.search(&next).await.unwrap().has_more);
    let nowhere = SearchQuery { before: Some(super::kit::message("nothing")), ..first };
    assert!(found(kit, nowhere).await.is_empty());
}

pub(crate) async fn who_is_let_in_by_name_finds_what_is_there_and_nothing_elsewhere(kit: &Kit<'_>) {
    kit.public("open", &["ann"]).await;
    kit.private("closed", &["ann"]).await;
    kit.private("closet", &["ann", "eve"]).await;
    for (to, content) in [("open", "word one"), ("closed", "word two"), ("closet", "word three")] {
        kit.say("ann", to, content).await;
    }
    kit.tell("ann", "bob", "word for bob").await;
    kit.tell("ann", "eve", "word for eve").await;
    let by = |reach| SearchQuery { reach, ..query("eve", "word") };
    let only = |one| by(Reach::Only(vec![one]));
    let prefix = |text: &str| RoomMatch::Prefix(text.into());
    assert_eq!(found(kit, only(RoomMatch::Id("closed".into()))).await, ["word for eve", "word two"]);
    assert_eq!(found(kit, only(prefix("clos"))).await, ["word for eve", "word three", "word two"]);
    assert_eq!(found(kit, only(prefix("Clos"))).await, ["word for eve"]);
    // Nobody is let into a direct room by its name.
    assert_eq!(found(kit, only(prefix("direct:"))).await, ["word for eve"]);
    assert_eq!(found(kit, by(Reach::Only(Vec::new()))).await, ["word for eve"]);
    assert_eq!(found(kit, only(prefix(""))).await.len(), 4);
}
