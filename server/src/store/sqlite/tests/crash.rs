//! Ends without warning: a commit that is dropped, a process that is killed.

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Poll, Waker};

use tempfile::TempDir;

use super::super::{Options, Sqlite};
use super::open;
use crate::store::conformance::kit::{Kit, message, room, text, url, user};
use crate::store::{Append, Store, Write};

/// Messages of one batch; the log holds whole batches only.
const BATCH: u64 = 7;
/// Tells the test below, run as a process of its own, which file to write to.
const URL: &str = "TIDINGS_TEST_URL";

fn batch(kit: &Kit<'_>, name: &str) -> Vec<Write> {
    let append = |n| {
        let target = if n % 3 == 0 {
            kit.to_user("ann", "bob", text("hi"))
        } else {
            kit.in_room("ann", "general", text("hi"))
        };
        Write::Append(Append { new_id: message(&format!("{name}-{n}")), ..target })
    };
    (0..BATCH).map(append).collect()
}

/// How many messages the log and the inbox hold, after a look at whether they fit together.
async fn stored(store: &Sqlite) -> u64 {
    // It writes, so it waits for the end of what was dropped.
    store.check().await.unwrap();
    let log = store.log(&room("general"), 0, u32::MAX).await.unwrap();
    let inbox = store.inbox(&user("bob"), 0, u32::MAX).await.unwrap();
    let (record, _) = store.room(&room("general"), &user("ann")).await.unwrap().unwrap();
    assert_eq!(record.head_seq, log.len() as u64);
    assert!(log.iter().zip(1..).all(|(entry, seq)| entry.seq == seq));
    assert!(
        inbox.iter().zip(1..).all(|(one, position)| one.inbox_seq == position && one.entry.seq == position)
    );
    (log.len() + inbox.len()) as u64
}

#[tokio::test]
async fn a_commit_that_is_dropped_half_way_leaves_all_of_it_or_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let kit = Kit::new(&store);
    kit.public("general", &["ann"]).await;
    let mut context = Context::from_waker(Waker::noop());
    for polls in 0..40 {
        {
            let mut commit = pin!(store.commit(batch(&kit, &format!("dropped-{polls}"))));
            for _ in 0..polls {
                if let Poll::Ready(outcomes) = commit.as_mut().poll(&mut context) {
                    assert!(outcomes.unwrap().iter().all(Result::is_ok));
                    break;
                }
                // The connection's thread goes on by itself: let it come to its next answer.
                store.epoch().await.unwrap();
            }
        }
        let before = stored(&store).await;
        assert_eq!(before % BATCH, 0, "after {polls} polls");
        let outcomes = store.commit(batch(&kit, &format!("kept-{polls}"))).await.unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
        let after = stored(&store).await;
        assert!(after >= before + BATCH && after % BATCH == 0);
    }
}

#[tokio::test]
async fn a_process_that_is_killed_keeps_what_it_answered_and_nothing_half() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    Kit::new(&store).public("general", &["ann"]).await;
    let mut answered_in_all = 0;
    for acks in [1, 5, 20] {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--exact", WRITER])
            .env(URL, url(&folder))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
        let answered = lines.filter(|line| line.contains("answered")).take(acks).count();
        writer.kill().unwrap();
        writer.wait().unwrap();
        assert_eq!(answered, acks);
        answered_in_all += acks as u64;
        let stored = stored(&store).await;
        assert_eq!(stored % BATCH, 0);
        assert!(stored >= answered_in_all * BATCH, "{stored} of {answered_in_all} batches");
    }
}

const WRITER: &str = "store::sqlite::tests::crash::writes_until_it_is_killed";

/// Not a test: the process that the test above kills.
#[tokio::test]
#[ignore = "it is run by the test that kills it"]
async fn writes_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = Sqlite::open(&url, Options::default()).await.unwrap();
    let kit = Kit::new(&store);
    let begun = stored(&store).await;
    for n in 0_u64.. {
        store.commit(batch(&kit, &format!("{begun}-{n}"))).await.unwrap();
        println!("answered {n}");
    }
}
