//! History, page by page.

use super::kit::{Kit, react, room, user};
use crate::store::HistoryPage;

async fn texts(kit: &Kit<'_>, page: HistoryPage, limit: u32) -> (String, bool) {
    let page = kit.store.history(&room("general"), &user("ann"), page, limit).await.unwrap().page;
    let texts: Vec<&str> = page.items.iter().map(|message| message.content.as_str()).collect();
    (texts.join(" "), page.has_more)
}

async fn five_messages_among_reactions(kit: &Kit<'_>) {
    kit.public("general", &["ann"]).await;
    for content in ["a", "b", "c", "d", "e"] {
        let id = kit.say("ann", "general", content).await.message_id;
        kit.change("ann", "general", react(&id, "👍")).await.unwrap();
    }
}

pub(crate) async fn the_newest_page_is_in_the_order_of_the_log(kit: &Kit<'_>) {
    five_messages_among_reactions(kit).await;
    assert_eq!(texts(kit, HistoryPage::Newest, 2).await, ("d e".into(), true));
    assert_eq!(texts(kit, HistoryPage::Newest, 5).await, ("a b c d e".into(), false));
}

pub(crate) async fn pages_lead_backwards_and_forwards_without_overlap(kit: &Kit<'_>) {
    five_messages_among_reactions(kit).await;
    assert_eq!(texts(kit, HistoryPage::Before(7), 2).await, ("b c".into(), true));
    assert_eq!(texts(kit, HistoryPage::Before(3), 2).await, ("a".into(), false));
    assert_eq!(texts(kit, HistoryPage::Before(1), 2).await, (String::new(), false));
    assert_eq!(texts(kit, HistoryPage::After(3), 2).await, ("c d".into(), true));
    assert_eq!(texts(kit, HistoryPage::After(7), 2).await, ("e".into(), false));
    assert_eq!(texts(kit, HistoryPage::After(0), 9).await, ("a b c d e".into(), false));
    assert_eq!(texts(kit, HistoryPage::After(u64::MAX), 9).await, (String::new(), false));
}

pub(crate) async fn a_room_that_is_not_there_has_no_history(kit: &Kit<'_>) {
    let found = kit.store.history(&room("absent"), &user("ann"), HistoryPage::Newest, 9).await.unwrap();
    assert!(found.page.items.is_empty() && !found.page.has_more);
    assert_eq!(found.head_seq, 0);
}

pub(crate) async fn a_page_says_up_to_which_entry_it_is_told(kit: &Kit<'_>) {
    five_messages_among_reactions(kit).await;
    let head = async |page, limit| {
        kit.store.history(&room("general"), &user("ann"), page, limit).await.unwrap().head_seq
    };
    assert_eq!(head(HistoryPage::Newest, 2).await, 10);
    assert_eq!(head(HistoryPage::Before(5), 1).await, 10);
    assert_eq!(head(HistoryPage::After(0), 1).await, 10);
    assert_eq!(head(HistoryPage::After(10), 1).await, 0, "an empty page tells nothing");
}
