//! What takes a word back, and how every node learns of it.

use tidings_protocol::Timestamp;

use super::kit::{Kit, at, user};
use crate::store::{Refusal, Revocation, RevocationRecord, Subject, TokenId, Write, Written};

fn ban(who: &str, until: Option<Timestamp>) -> Revocation {
    Revocation {
        subject: Subject::User(user(who)),
        until,
        reason: Some(format!("about {who}")),
        by: user("root"),
        at: at(7),
    }
}

fn token(jti: &str, until: i64) -> Revocation {
    Revocation { subject: Subject::Token(TokenId::of(jti)), reason: None, ..ban("bob", Some(at(until))) }
}

fn end_of_sessions(who: &str) -> Revocation {
    Revocation { subject: Subject::Sessions(user(who)), ..ban(who, Some(at(7))) }
}

async fn revoke(kit: &Kit<'_>, revocation: &Revocation) {
    assert_eq!(kit.one(Write::Revoke(revocation.clone())).await, Ok(Written::Nothing));
}

async fn restore(kit: &Kit<'_>, subject: &Subject, time: i64) -> Result<Written, Refusal> {
    kit.one(Write::Restore { subject: subject.clone(), at: at(time) }).await
}

async fn after(kit: &Kit<'_>, revision: u64) -> Vec<RevocationRecord> {
    kit.store.revocations(revision, 100).await.unwrap()
}

pub(crate) async fn a_revocation_comes_back_as_it_was_written(kit: &Kit<'_>) {
    assert_eq!(after(kit, 0).await, vec![]);
    let all = [ban("ann", None), ban("bob", Some(at(50))), token("t-1", 90), end_of_sessions("ann")];
    for one in &all {
        revoke(kit, one).await;
    }
    let records = after(kit, 0).await;
    assert!(records.iter().all(|record| !record.lifted));
    assert!(records.is_sorted_by(|a, b| a.revision < b.revision));
    let revocations: Vec<Revocation> = records.into_iter().map(|record| record.revocation).collect();
    assert_eq!(revocations, all);
}

pub(crate) async fn changes_of_revocations_are_read_in_their_order_page_by_page(kit: &Kit<'_>) {
    for n in 0..5 {
        revoke(kit, &ban(&format!("u{n}"), None)).await;
    }
    let first = kit.store.revocations(0, 2).await.unwrap();
    let last = first.last().unwrap().revision;
    let rest = after(kit, last).await;
    let who = |records: &[RevocationRecord]| -> Vec<Subject> {
        records.iter().map(|record| record.revocation.subject.clone()).collect()
    };
    let subjects =
        |names: &[&str]| -> Vec<Subject> { names.iter().map(|n| Subject::User(user(n))).collect() };
    assert_eq!(who(&first), subjects(&["u0", "u1"]));
    assert_eq!(who(&rest), subjects(&["u2", "u3", "u4"]));
    // A change of what stands already is a change.
    let newest = rest.last().unwrap().revision;
    revoke(kit, &ban("u1", Some(at(9)))).await;
    let changed = after(kit, newest).await;
    assert_eq!(who(&changed), subjects(&["u1"]));
    assert_eq!(changed[0].revocation.until, Some(at(9)));
    assert_eq!(after(kit, 0).await.len(), 5);
}

pub(crate) async fn a_restored_subject_is_a_change_and_restored_once(kit: &Kit<'_>) {
    let ann = Subject::User(user("ann"));
    assert_eq!(restore(kit, &ann, 1).await, Err(Refusal::NotFound));
    revoke(kit, &ban("ann", None)).await;
    let revoked = after(kit, 0).await[0].revision;
    assert_eq!(restore(kit, &ann, 20).await, Ok(Written::Nothing));
    let [record] = &after(kit, revoked).await[..] else { panic!("one change") };
    assert!(record.lifted);
    assert_eq!((&record.revocation.subject, record.revocation.until), (&ann, Some(at(20))));
    assert_eq!(restore(kit, &ann, 30).await, Err(Refusal::NotFound));
    revoke(kit, &ban("ann", None)).await;
    assert!(!after(kit, 0).await[0].lifted);
}

pub(crate) async fn revocations_that_are_over_go_and_the_count_of_changes_goes_on(kit: &Kit<'_>) {
    let all = [ban("ann", None), ban("bob", Some(at(50))), token("t-1", 40), token("t-2", 90)];
    for one in &all {
        revoke(kit, one).await;
    }
    restore(kit, &Subject::User(user("ann")), 45).await.unwrap();
    let newest = after(kit, 0).await.last().unwrap().revision;
    let prune = |before, limit| kit.one(Write::PruneRevocations { before: at(before), limit });
    assert_eq!(prune(50, 1).await, Ok(Written::Pruned { removed: 1 }));
    // The newest change stays, also where it is over: the next one must come after it.
    assert_eq!(prune(51, 9).await, Ok(Written::Pruned { removed: 1 }));
    assert_eq!(after(kit, 0).await.len(), 2);
    revoke(kit, &ban("cat", None)).await;
    assert!(after(kit, newest).await.len() == 1);
    assert_eq!(prune(51, 9).await, Ok(Written::Pruned { removed: 1 }));
    assert_eq!(prune(1000, 9).await, Ok(Written::Pruned { removed: 1 }));
    assert_eq!(after(kit, 0).await.len(), 1);
}
