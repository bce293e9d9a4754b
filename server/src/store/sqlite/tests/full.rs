//! A disk without room: here a bound on the file's pages, which fails with the same code.

use tempfile::TempDir;

use super::super::{Options, Sqlite};
use crate::store::conformance::kit::{Kit, at, room, text, url, user};
use crate::store::{HistoryPage, Store, StoreError, Write};

const PAGES: u32 = 150;

async fn small(folder: &TempDir) -> Sqlite {
    Sqlite::open(&url(folder), Options { max_pages: Some(PAGES), ..Options::default() }).await.unwrap()
}

/// Sends batches until one is refused; says how many messages were taken.
async fn fill(kit: &Kit<'_>) -> u64 {
    let content = "much to say ".repeat(80);
    for taken in 0..10_000 {
        let batch = (0..4).map(|_| Write::Append(kit.in_room("ann", "general", text(&content)))).collect();
        match kit.store.commit(batch).await {
            Ok(outcomes) => assert!(outcomes.iter().all(Result::is_ok)),
            Err(StoreError::DiskFull) => return taken * 4,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("never full")
}

#[tokio::test]
async fn a_full_disk_refuses_writes_keeps_what_was_taken_and_still_reads() {
    let folder = TempDir::new().unwrap();
    let store = small(&folder).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let taken = fill(&kit).await;
    assert!(taken > 0);
    for _ in 0..3 {
        let batch = vec![Write::Append(kit.in_room("ann", "general", text(&"x".repeat(9_000))))];
        assert_eq!(store.commit(batch).await, Err(StoreError::DiskFull));
        let (record, _) = store.room(&room("general"), &user("ann")).await.unwrap().unwrap();
        assert_eq!(record.head_seq, taken);
        let page = store.history(&room("general"), &user("ann"), HistoryPage::Newest, 2).await.unwrap();
        assert_eq!(page.page.items.last().map(|message| message.seq), Some(taken));
    }
}

#[tokio::test]
async fn writes_resume_when_there_is_room_again() {
    let folder = TempDir::new().unwrap();
    let store = small(&folder).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    for _ in 0..50 {
        let mut long = kit.notification("ann", "long");
        long.message = "much to say ".repeat(200);
        kit.one(Write::Notify(long)).await.unwrap();
    }
    let taken = fill(&kit).await;
    // Retention frees pages, and needs none to do it.
    kit.one(Write::PruneNotifications { before: at(1_000_000), limit: 100 }).await.unwrap();
    assert_eq!(kit.say("ann", "general", "again").await.seq, Some(taken + 1));
    store.check().await.unwrap();
}

#[tokio::test]
async fn what_was_taken_before_the_disk_was_full_is_there_with_more_room() {
    let folder = TempDir::new().unwrap();
    let store = small(&folder).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let taken = fill(&kit).await;
    store.close().await;
    let store = super::open(&folder).await;
    let kit = Kit::after(&store, 10_000);
    let log = store.log(&room("general"), 0, u32::MAX).await.unwrap();
    assert_eq!(log.len() as u64, taken);
    assert_eq!(kit.say("ann", "general", "more").await.seq, Some(taken + 1));
}
