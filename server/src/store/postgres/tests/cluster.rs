//! Several nodes on one database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use tidings_testbed::postgres::Database;
use tokio::task::JoinSet;

use super::super::Postgres;
use super::open;
use crate::store::conformance::kit::{Kit, at, key, message, room, text, user};
use crate::store::{Append, Store, Target, Write, Written};

fn said(who: &str, n: usize, target: Target) -> Write {
    let new_id = message(&format!("{who}-{n}-{}", matches!(target, Target::Direct(_))));
    let (sender, client_id) = (user(who), key(new_id.as_str()));
    Write::Append(Append {
        sender,
        sender_name: None,
        client_id,
        at: at(0),
        new_id,
        target,
        change: text("hi"),
    })
}

/// Batches of each writer below; `./x postgres-order` asks for more.
const BATCHES: &str = "TIDINGS_TEST_BATCHES";

/// 16 nodes write into one room as fast as they can, and one more holds its transaction open between its seq and its
/// commit; who reads on from the last seq that it has seen misses none.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_reads_on_from_the_last_seq_skips_none_of_many_writers() {
    const WRITERS: usize = 16;
    const BATCH: usize = 50;
    let batches: usize = std::env::var(BATCHES).map_or(24, |text| text.parse().unwrap());
    let database = Arc::new(Database::create().unwrap());
    let reader = open(&database).await;
    let names: Vec<String> = (0..WRITERS).map(|n| format!("writer-{n}")).collect();
    let members: Vec<&str> = names.iter().map(String::as_str).chain(["slow"]).collect();
    Kit::new(&reader).public("general", &members).await;
    let mut writers = JoinSet::new();
    for name in names {
        let database = Arc::clone(&database);
        writers.spawn(async move {
            let store = open(&database).await;
            for batch in 0..batches {
                let writes =
                    (0..BATCH).map(|n| said(&name, batch * BATCH + n, Target::Room(room("general"))));
                assert!(store.commit(writes.collect()).await.unwrap().iter().all(Result::is_ok));
            }
        });
    }
    let done = Arc::new(AtomicBool::new(false));
    let slow = tokio::spawn(write_slowly(Arc::clone(&database), Arc::clone(&done)));
    let mut seqs: Vec<u64> = Vec::new();
    while !writers.is_empty() {
        read_on(&reader, &mut seqs).await;
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
    done.store(true, Ordering::Relaxed);
    let slow = slow.await.unwrap();
    read_on(&reader, &mut seqs).await;
    assert!(slow > 0);
    let all = (WRITERS * batches * BATCH) as u64 + slow;
    assert_eq!(seqs.len() as u64, all);
    assert!(seqs.iter().copied().eq(1..=all));
}

async fn read_on(reader: &Postgres, seqs: &mut Vec<u64>) {
    loop {
        let after = seqs.last().copied().unwrap_or(0);
        let entries = reader.log(&room("general"), after, 500).await.unwrap();
        if entries.is_empty() {
            return;
        }
        seqs.extend(entries.iter().map(|entry| entry.seq));
    }
}

/// Takes a seq by the row's lock, waits, and commits: what a node does on a slow machine.
async fn write_slowly(database: Arc<Database>, done: Arc<AtomicBool>) -> u64 {
    let mut conn = PgConnection::connect(&database.url()).await.unwrap();
    let mut written = 0;
    while !done.load(Ordering::Relaxed) {
        written += 1;
        let mut transaction = conn.begin().await.unwrap();
        let next = sqlx::query_scalar(
            "UPDATE rooms SET head_seq = head_seq + 1 WHERE room_id = 'general' RETURNING head_seq",
        );
        let seq: i64 = next.fetch_one(&mut *transaction).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        let insert = sqlx::query(
            "INSERT INTO messages (id, message_id, room_id, seq, sender, content, at) VALUES ($1, $2, 'general', $3, 'slow', 'hi', 0)",
        );
        let insert = insert.bind(-seq).bind(format!("slow-{seq}")).bind(seq);
        insert.execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
    }
    written
}

/// Each node writes to all rooms and all people in an order of its own, makes rooms and moves markers: nobody waits for
/// who waits for it, and each log is one order without holes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_touch_the_same_logs_in_any_order_do_not_wait_for_each_other_in_a_circle() {
    const NODES: usize = 4;
    const BATCHES: usize = 25;
    const PEOPLE: usize = 6;
    let database = Arc::new(Database::create().unwrap());
    let store = open(&database).await;
    let names: Vec<String> = (0..PEOPLE).map(|n| format!("person-{n}")).collect();
    let members: Vec<&str> = names.iter().map(String::as_str).collect();
    for one in ["a", "b", "c"] {
        Kit::new(&store).public(one, &members).await;
    }
    let mut nodes = JoinSet::new();
    for node in 0..NODES {
        let (database, names) = (Arc::clone(&database), names.clone());
        nodes.spawn(async move {
            let store = open(&database).await;
            for batch in 0..BATCHES {
                let mut writes = Vec::new();
                for step in 0..PEOPLE {
                    // Half of the nodes go through all of it forwards, the others backwards.
                    let at_step = if node % 2 == 0 { step } else { PEOPLE - 1 - step };
                    let (who, other) = (&names[at_step], user(&names[(at_step + batch) % PEOPLE]));
                    let n = (node * BATCHES + batch) * PEOPLE + step;
                    writes.push(said(who, n, Target::Room(room(["a", "b", "c"][at_step % 3]))));
                    writes.push(said(who, n, Target::Direct(other)));
                    let joined = room(&format!("new-{batch}-{at_step}"));
                    writes.push(Write::Join {
                        room_id: joined,
                        user_id: user(who),
                        admitted: false,
                        resumed: false,
                        at: at(0),
                    });
                    writes.push(Write::InboxDelivered { user_id: user(who), after: 0, inbox_seq: n as u64 });
                    writes.push(Write::Read { room_id: room("b"), user_id: user(who), seq: n as u64 });
                }
                let outcomes = store.commit(writes).await.unwrap();
                assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
            }
        });
    }
    while let Some(ended) = nodes.join_next().await {
        ended.unwrap();
    }
    let mut in_rooms = 0;
    for one in ["a", "b", "c"] {
        let log = store.log(&room(one), 0, 10_000).await.unwrap();
        assert!(log.iter().zip(1..).all(|(entry, seq)| entry.seq == seq));
        in_rooms += log.len();
    }
    assert_eq!(in_rooms, NODES * BATCHES * PEOPLE);
    for name in &names {
        let inbox = store.inbox(&user(name), 0, 10_000).await.unwrap();
        assert!(inbox.iter().zip(1..).all(|(one, position)| one.inbox_seq == position));
    }
    let deadlocks = database.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(deadlocks.unwrap().trim(), "0");
}

#[tokio::test]
async fn a_retransmit_to_another_node_at_the_same_time_is_a_duplicate() {
    let database = Database::create().unwrap();
    let (one, two) = (open(&database).await, open(&database).await);
    Kit::new(&one).public("general", &["ann"]).await;
    for n in 0..20 {
        for target in [Target::Room(room("general")), Target::Direct(user(&format!("bob-{n}")))] {
            let first = vec![said("ann", n, target.clone())];
            let mut second = first.clone();
            let Write::Append(append) = &mut second[0] else { panic!() };
            append.new_id = message(&format!("another-{n}-{}", matches!(target, Target::Direct(_))));
            let (first, second) = tokio::join!(one.commit(first), two.commit(second));
            let (first, second) = (appended(&first.unwrap()[0]), appended(&second.unwrap()[0]));
            assert_eq!((&first.0, first.1, &first.2), (&second.0, second.1, &second.2));
            assert_ne!(first.3, second.3, "one of them is the duplicate");
        }
    }
}

fn appended(
    outcome: &super::super::Outcome,
) -> (tidings_protocol::RoomId, Option<u64>, tidings_protocol::MessageId, bool) {
    let Ok(Written::Appended(appended)) = outcome else { panic!("{outcome:?}") };
    (appended.room_id.clone(), appended.seq, appended.message_id.clone(), appended.duplicate)
}

#[tokio::test]
async fn notifications_expire_once_whoever_of_many_nodes_asks_for_it() {
    let database = Database::create().unwrap();
    let (one, two) = (open(&database).await, open(&database).await);
    let kit = Kit::new(&one);
    for n in 0..30 {
        kit.notify(&format!("user-{}", n % 7), "old").await;
        kit.broadcast("old").await;
    }
    let prune = || vec![Write::PruneNotifications { before: at(1_000_000), limit: 100 }];
    let (first, second) = tokio::join!(one.commit(prune()), two.commit(prune()));
    let removed = |outcomes: Vec<super::super::Outcome>| {
        let [Ok(Written::Pruned { removed })] = &outcomes[..] else { panic!("{outcomes:?}") };
        *removed
    };
    assert_eq!(removed(first.unwrap()) + removed(second.unwrap()), 60);
}
