//! Two nodes on one file, which is not how a cluster is built, but happens while one is replaced by another.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use super::super::{Options, Sqlite};
use super::open;
use crate::store::conformance::kit::{Kit, key, message, room, text, url, user};
use crate::store::{Store, StoreError, Write, Written};

#[tokio::test]
async fn two_nodes_that_begin_one_file_at_once_share_one_log() {
    for _ in 0..5 {
        let folder = TempDir::new().unwrap();
        let (one, two) = tokio::join!(open(&folder), open(&folder));
        assert_eq!(one.epoch().await.unwrap(), two.epoch().await.unwrap());
    }
}

#[tokio::test]
async fn two_nodes_on_one_file_write_one_order_without_holes() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    Kit::new(&one).public("general", &["ann", "bob"]).await;
    let send = async |store: &Sqlite, who: &str| {
        let kit = Kit::new(store);
        for n in 0..20 {
            let mut append = kit.in_room(who, "general", text("hi"));
            append.new_id = message(&format!("{who}-{n}"));
            kit.append(append).await.unwrap();
            let mut direct = kit.to_user(who, if who == "ann" { "bob" } else { "ann" }, text("ho"));
            direct.new_id = message(&format!("{who}-direct-{n}"));
            kit.append(direct).await.unwrap();
        }
    };
    tokio::join!(send(&one, "ann"), send(&two, "bob"));
    for store in [&one, &two] {
        let log = store.log(&room("general"), 0, 100).await.unwrap();
        let seqs: Vec<u64> = log.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
        let inbox = store.inbox(&user("ann"), 0, 100).await.unwrap();
        let positions: Vec<u64> = inbox.iter().map(|one| one.inbox_seq).collect();
        assert_eq!(positions, (1..=40).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_retransmit_to_the_other_node_is_a_duplicate() {
    let folder = TempDir::new().unwrap();
    let (one, two) = (open(&folder).await, open(&folder).await);
    let kit = Kit::new(&one);
    kit.public("general", &["ann"]).await;
    let mut append = kit.in_room("ann", "general", text("hi"));
    append.client_id = key("k");
    let first = kit.append(append.clone()).await.unwrap();
    append.new_id = message("another");
    let Ok(Written::Appended(second)) = Kit::new(&two).one(Write::Append(append)).await else {
        panic!("refused")
    };
    assert!(second.duplicate);
    assert_eq!((second.message_id, second.seq), (first.message_id, first.seq));
}

#[tokio::test]
async fn while_another_process_holds_the_file_writes_are_refused_and_reads_go_on() {
    let folder = TempDir::new().unwrap();
    let options = Options { busy_timeout: Duration::from_millis(20), ..Options::default() };
    let store = Sqlite::open(&url(&folder), options).await.unwrap();
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let path = folder.path().join("tidings.db");
    let mut other = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.commit(vec![Write::Append(kit.in_room("ann", "general", text("hi")))]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    assert!(store.room(&room("general"), &user("ann")).await.unwrap().is_some());
    other.close().await.unwrap();
    assert_eq!(kit.say("ann", "general", "hi").await.seq, Some(1));
}
