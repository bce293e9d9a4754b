//! Opening and opening again.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::super::{OpenError, Options, Sqlite};
use super::open;
use crate::store::conformance::kit::{Kit, delete, edit, message, react, room, url, user};
use crate::store::conformance::observe::{Scope, observe};
use crate::store::{Store, StoreError};

#[tokio::test]
async fn a_store_that_is_opened_again_holds_everything() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann", "bob"]).await;
    kit.see("ann", Some("Ann")).await;
    for content in ["one", "two", "three"] {
        kit.say("ann", "general", content).await;
    }
    for change in [react(&message("m1"), "👍"), edit(&message("m2"), "2"), delete(&message("m3"))] {
        kit.change("ann", "general", change).await.unwrap();
    }
    kit.tell("ann", "bob", "psst").await;
    kit.notify("ann", "hello").await;
    kit.broadcast("hello all").await;
    let direct = store.direct_room(&user("ann"), &user("bob")).await.unwrap().unwrap();
    let scope = Scope {
        users: vec![user("ann"), user("bob")],
        rooms: vec![room("general"), direct],
        words: vec!["one".into(), "three".into(), "psst".into()],
    };
    let before = observe(&store, &scope).await;
    let secret = store.ticket_secret().await.unwrap();
    store.close().await;
    let again = open(&folder).await;
    assert_eq!(observe(&again, &scope).await, before);
    assert_eq!(again.ticket_secret().await.unwrap().expose_secret(), secret.expose_secret());
    assert_eq!(Kit::after(&again, 100).say("bob", "general", "four").await.seq, Some(7));
}

#[tokio::test]
async fn two_stores_begun_anew_have_different_epochs() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (one, two) = (open(&one).await, open(&two).await);
    assert_ne!(one.epoch().await.unwrap(), two.epoch().await.unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new/folder/tidings.db");
    let store = Sqlite::open(&format!("sqlite://{}", path.display()), Options::default()).await.unwrap();
    Kit::new(&store).public("general", &["ann"]).await;
    let mode = |name: &str| {
        let file = path.with_file_name(name);
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777
    };
    for name in ["tidings.db", "tidings.db-wal", "tidings.db-shm"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let of_folder = std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777;
    assert_eq!(of_folder, 0o700);
}

#[tokio::test]
async fn a_url_that_names_no_file_is_refused() {
    for url in
        ["", "sqlite://", "sqlite::memory:", "sqlite://:memory:", "postgres://h/d", "sqlite://a.db?mode=ro"]
    {
        let opened = Sqlite::open(url, Options::default()).await;
        assert!(matches!(opened, Err(OpenError::Url(_))), "{url}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damage() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("tidings.db"), "not a database, ".repeat(1_000)).unwrap();
    let opened = Sqlite::open(&url(&folder), Options::default()).await;
    assert!(matches!(opened, Err(OpenError::Damaged(StoreError::Corrupt(_)))), "{opened:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let url = format!("sqlite://{}/file/below/tidings.db", folder.path().display());
    let error = Sqlite::open(&url, Options::default()).await.unwrap_err();
    assert!(error.to_string().contains("/file/below"), "{error}");
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    store.close().await;
    assert!(matches!(store.epoch().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    let batch = vec![crate::store::Write::NewEpoch(tidings_protocol::Epoch::new("late").unwrap())];
    assert!(matches!(store.commit(batch).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn more_readers_than_connections_wait_for_each_other() {
    let folder = TempDir::new().unwrap();
    let options = Options { readers: 1, busy_timeout: Duration::from_secs(30), ..Options::default() };
    let store = Sqlite::open(&url(&folder), options).await.unwrap();
    let reads = (0..20).map(|_| store.epoch());
    let epochs = futures_util::future::join_all(reads).await;
    assert!(epochs.iter().all(Result::is_ok));
}
