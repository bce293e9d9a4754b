//! PostgreSQL goes away, hangs, and comes back.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tidings_testbed::postgres as testbed;

use super::super::{Options, Postgres};
use super::{open, own_server};
use crate::store::conformance::kit::{Kit, key, message, room, text, user};
use crate::store::{Store, StoreError, Write, Written};

/// What is promised: this long after PostgreSQL is back, writes are taken again.
const HEALED_WITHIN: Duration = Duration::from_secs(5);

fn write(kit: &Kit<'_>, id: &str) -> Write {
    let mut append = kit.in_room("ann", "general", text(id));
    append.client_id = key(id);
    append.new_id = message(&format!("of-{id}"));
    Write::Append(append)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_during_writes_loses_nothing_that_was_answered_and_heals() {
    let (server, database) = own_server();
    let options = Options { timeout: Duration::from_secs(1), ..Options::default() };
    let store = Postgres::open(&database.url(), options).await.unwrap();
    Kit::new(&store).public("general", &["ann"]).await;
    let mut answered: Vec<(String, u64)> = Vec::new();
    for round in 0..3 {
        let (refused, noticed) = mpsc::sync_channel(1);
        let crash = tokio::task::spawn_blocking({
            let server = Arc::clone(&server);
            let after = Duration::from_millis(60 + 35 * round);
            move || crash(&server, after, &noticed)
        });
        let kit = Kit::new(&store);
        let mut n = 0;
        while !crash.is_finished() {
            n += 1;
            let id = format!("{round}-{n}");
            match store.commit(vec![write(&kit, &id)]).await {
                Ok(outcomes) => answered.push((id, seq(&outcomes[0]))),
                Err(StoreError::Unavailable(_)) => drop(refused.try_send(())),
                Err(other) => panic!("{other}"),
            }
        }
        crash.await.unwrap();
        let back = Instant::now();
        while store.commit(vec![write(&kit, &format!("{round}-back"))]).await.is_err() {
            assert!(back.elapsed() < HEALED_WITHIN);
        }
        while store.epoch().await.is_err() || store.check().await.is_err() {
            assert!(back.elapsed() < HEALED_WITHIN);
        }
    }
    assert!(!answered.is_empty());
    let log = store.log(&room("general"), 0, 100_000).await.unwrap();
    assert!(log.iter().zip(1..).all(|(entry, seq)| entry.seq == seq));
    for (id, seq) in &answered {
        let entry = &log[usize::try_from(*seq).unwrap() - 1];
        assert_eq!(entry.client_id, key(id));
    }
    let kit = Kit::new(&store);
    for (id, first) in answered.iter().step_by(17) {
        let outcomes = store.commit(vec![write(&kit, id)]).await.unwrap();
        assert_eq!(seq(&outcomes[0]), *first, "a retransmit is answered as the first time");
    }
}

/// Blocks: the crash is to come at any step of the writes.
fn crash(server: &testbed::Postgres, after: Duration, noticed: &mpsc::Receiver<()>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a time for writes to be under way, whatever step they are at"
    )]
    std::thread::sleep(after);
    server.stop_immediate().unwrap();
    noticed.recv().unwrap();
    server.start_again().unwrap();
}

fn seq(outcome: &super::super::Outcome) -> u64 {
    let Ok(Written::Appended(appended)) = outcome else { panic!("{outcome:?}") };
    appended.seq.unwrap()
}

#[tokio::test]
async fn idle_connections_that_were_cut_are_noticed_before_anything_is_refused() {
    let (server, database) = own_server();
    let store = open(&database).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    futures_util::future::join_all((0..8).map(|_| store.epoch())).await;
    // They go back to the pool a moment after they were used.
    while store.readers.num_idle() < store.readers.size() as usize {
        tokio::task::yield_now().await;
    }
    server.stop_immediate().unwrap();
    server.start_again().unwrap();
    assert_eq!(kit.say("ann", "general", "hi").await.seq, Some(1));
    futures_util::future::join_all((0..8).map(|_| async { store.epoch().await.unwrap() })).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_unavailable_in_time_and_goes_on_where_it_was() {
    let (server, database) = own_server();
    let options = Options { timeout: Duration::from_millis(500), ..Options::default() };
    let store = Postgres::open(&database.url(), options).await.unwrap();
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let before = kit.say("ann", "general", "before").await.seq;
    store.epoch().await.unwrap();
    server.hang().unwrap();
    let begun = Instant::now();
    let (written, read) = tokio::join!(store.commit(vec![write(&kit, "meanwhile")]), store.epoch());
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "{written:?}");
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(begun.elapsed() < Duration::from_secs(4));
    server.go_on().unwrap();
    let back = Instant::now();
    let first = loop {
        match store.commit(vec![write(&kit, "meanwhile")]).await {
            Ok(outcomes) => break seq(&outcomes[0]),
            Err(_) => assert!(back.elapsed() < HEALED_WITHIN),
        }
    };
    assert!(Some(first) > before);
    let again = store.commit(vec![write(&kit, "meanwhile")]).await.unwrap();
    assert_eq!(seq(&again[0]), first);
    let (record, _) = store.room(&room("general"), &user("ann")).await.unwrap().unwrap();
    assert_eq!(record.head_seq, 2);
}

/// As where packets of connections that stand are lost, and those of new ones are not.
#[tokio::test]
async fn connections_that_never_answer_again_do_not_keep_their_places() {
    let (_server, database) = own_server();
    let options = Options { readers: 3, timeout: Duration::from_millis(500) };
    let store = Postgres::open(&database.url(), options).await.unwrap();
    futures_util::future::join_all((0..3).map(|_| async { store.epoch().await.unwrap() })).await;
    let pids = database.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'tidings'").unwrap();
    let hung = Hung::of(pids.lines());
    let begun = Instant::now();
    for read in futures_util::future::join_all((0..3).map(|_| store.epoch())).await {
        assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    }
    while store.epoch().await.is_err() {
        assert!(begun.elapsed() < HEALED_WITHIN);
    }
    drop(hung);
}

/// Backends that do nothing, until this is dropped.
struct Hung(Vec<String>);

impl Hung {
    fn of<'a>(pids: impl Iterator<Item = &'a str>) -> Self {
        let pids: Vec<String> = pids.map(|pid| pid.trim().to_owned()).filter(|pid| !pid.is_empty()).collect();
        assert!(!pids.is_empty());
        signal("-STOP", &pids);
        Self(pids)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(signal: &str, pids: &[String]) {
    assert!(std::process::Command::new("kill").arg(signal).args(pids).status().unwrap().success());
}
