//! What a node holds, against a store in memory.

use tidings_protocol::{Epoch, Timestamp, UserId};

use super::{ANEW_AFTER, News, PAGE, Revocations, Revoked};
use crate::store::memory::Memory;
use crate::store::{Revocation, Store, Subject, TokenId, Write};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn revoke(subject: Subject, until: Option<i64>) -> Write {
    Write::Revoke(Revocation { subject, until: until.map(at), reason: None, by: user("root"), at: at(0) })
}

fn ban(name: &str, until: Option<i64>) -> Write {
    revoke(Subject::User(user(name)), until)
}

fn store() -> Memory {
    Memory::new(Epoch::new("first").unwrap())
}

async fn write(store: &Memory, write: Write) {
    store.commit(vec![write]).await.unwrap()[0].clone().unwrap();
}

#[tokio::test]
async fn a_ban_counts_until_its_end_and_no_longer_than_it_stands() {
    let (store, held) = (store(), Revocations::default());
    write(&store, ban("ann", Some(100))).await;
    write(&store, ban("bob", None)).await;
    assert!(held.read(&store).await.unwrap().changed);
    let judged = |name: &str, now| held.judge(&user(name), None, at(now));
    assert_eq!((judged("ann", 99), judged("ann", 100)), (Some(Revoked::User), None));
    assert_eq!((judged("bob", i64::MAX / 2), judged("cat", 0)), (Some(Revoked::User), None));
    write(&store, Write::Restore { subject: Subject::User(user("bob")), at: at(5) }).await;
    assert!(held.read(&store).await.unwrap().changed);
    assert_eq!(judged("bob", 5), None);
    assert_eq!(held.read(&store).await.unwrap(), News::default(), "nothing new");
}

#[tokio::test]
async fn a_token_is_known_by_its_id_alone() {
    let (store, held) = (store(), Revocations::default());
    write(&store, revoke(Subject::Token(TokenId::of("t-1")), Some(100))).await;
    held.read(&store).await.unwrap();
    let judged = |jti: Option<&str>, now| held.judge(&user("ann"), jti.map(TokenId::of), at(now));
    assert_eq!(judged(Some("t-1"), 99), Some(Revoked::Token));
    assert_eq!((judged(Some("t-1"), 100), judged(Some("t-2"), 0), judged(None, 0)), (None, None, None));
}

#[tokio::test]
async fn an_end_of_sessions_is_told_once() {
    let (store, held) = (store(), Revocations::default());
    held.read(&store).await.unwrap();
    let end = || revoke(Subject::Sessions(user("ann")), Some(0));
    for _ in 0..2 {
        write(&store, end()).await;
        assert_eq!(held.read(&store).await.unwrap(), News { changed: true, ended: vec![user("ann")] });
        assert_eq!(held.read(&store).await.unwrap(), News::default());
    }
    assert_eq!(held.judge(&user("ann"), None, at(0)), None, "new sessions may begin");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_read_nothing_for_long_reads_all_anew() {
    let (store, held) = (store(), Revocations::default());
    write(&store, ban("ann", None)).await;
    write(&store, revoke(Subject::Sessions(user("cat")), Some(0))).await;
    held.read(&store).await.unwrap();
    // Lifted and forgotten before this node has heard of it.
    write(&store, Write::Restore { subject: Subject::User(user("ann")), at: at(1) }).await;
    write(&store, ban("bob", None)).await;
    write(&store, Write::PruneRevocations { before: at(100), limit: 9 }).await;
    tokio::time::advance(ANEW_AFTER * 2).await;
    let news = held.read(&store).await.unwrap();
    assert_eq!(news, News { changed: true, ended: vec![] }, "what was ended before is not ended again");
    assert_eq!(held.judge(&user("ann"), None, at(0)), None);
    assert_eq!(held.judge(&user("bob"), None, at(0)), Some(Revoked::User));
}

#[tokio::test]
async fn more_changes_than_one_page_are_read_in_one_go_and_listed_page_by_page() {
    let (store, held) = (store(), Revocations::default());
    let count = PAGE as usize + 5;
    let bans = (0..count).map(|n| ban(&format!("u{n:04}"), None)).collect();
    store.commit(bans).await.unwrap();
    held.read(&store).await.unwrap();
    let first = held.bans(None, PAGE as usize, at(0));
    assert!(first.has_more && first.items.len() == PAGE as usize);
    let Subject::User(last) = &first.items.last().unwrap().subject else { panic!("a ban") };
    let rest = held.bans(Some(last), PAGE as usize, at(0));
    assert!(!rest.has_more && rest.items.len() == 5);
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let (store, held) = (store(), Revocations::default());
    write(&store, ban("ann", Some(10))).await;
    write(&store, revoke(Subject::Token(TokenId::of("t")), Some(10))).await;
    held.read(&store).await.unwrap();
    held.forget(at(9));
    assert_eq!((held.held.read().bans.len(), held.held.read().tokens.len()), (1, 1));
    held.forget(at(10));
    assert_eq!((held.held.read().bans.len(), held.held.read().tokens.len()), (0, 0));
}
