//! A full disk under PostgreSQL: a real one, mounted for the test.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tidings_testbed::postgres::{self, Database};

use super::readiness;
use crate::harness::Server;
use crate::support::disk::Disk;

/// Text that takes as much room as it is long.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let draw = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + (state >> 59) as u8 % 26)
    };
    (0..length).map(draw).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_of_postgresql_frames_are_refused_and_go_on_when_there_is_room() {
    let disk = Disk::mount("size=256m,mode=755");
    let postgres = Arc::new(postgres::Postgres::start_in(disk.path()).unwrap());
    let database = Database::on(&postgres).unwrap();
    let server = Server::start_at(&database.url(), &[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let content = noise(6_000);
    let mut acked = 0;
    while acked < 20 {
        acked += 1;
        ann.say("general", &format!("m{acked}"), &content).await;
    }
    let filler = disk.fill();
    // What the tables' files have room for is still taken.
    let (mut refused, mut asked) = (0, acked);
    while refused < 5 {
        asked += 1;
        assert!(asked < 400, "never full");
        let id = format!("m{asked}");
        ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "content": content })).await;
        let answer = loop {
            let frame = ann.next().await;
            if frame["data"]["id"] == *id {
                break frame;
            }
        };
        if answer["type"] == "ACK" {
            assert_eq!(refused, 0, "nothing was freed");
            acked += 1;
            continue;
        }
        let error = &answer["data"];
        assert_eq!(error["code"], "UNAVAILABLE", "{error}");
        assert!(error["detail"].as_str().unwrap().contains("disk is full"), "{error}");
        refused += 1;
        tokio::time::sleep(Duration::from_millis(error["retryAfterMs"].as_u64().unwrap())).await;
    }
    let kept = || database.sql("SELECT count(*) FROM messages").unwrap().trim().parse::<usize>().unwrap();
    assert_eq!(kept(), acked, "reads go on, and nothing more and nothing less is kept than was acknowledged");
    assert_eq!(readiness(&server).await, 200);
    std::fs::remove_file(filler).unwrap();
    let freed = Instant::now();
    let ack = loop {
        ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "again", "content": "again" }))
            .await;
        let frame = ann.next().await;
        if frame["type"] == "ACK" && frame["data"]["id"] == "again" {
            break frame["data"].clone();
        }
        assert!(freed.elapsed() < Duration::from_secs(10), "{frame}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(ack["seq"], acked + 1, "no hole");
    assert_eq!(kept(), acked + 1);
}
