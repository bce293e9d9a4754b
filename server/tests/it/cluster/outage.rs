//! Redis goes away: sends are acknowledged, each node serves its own sessions, and all is healed when it is back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Cluster, hears, until};
use crate::harness::{Client, Server};

/// Within this time after Redis is back, everything is healed.
const HEALED: Duration = Duration::from_secs(5);

async fn room_on_two_nodes(one: &Server, two: &Server) -> (Client, Client) {
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.say("general", "before", "before").await;
    hears(&mut bob, "before").await;
    (ann, bob)
}

#[tokio::test]
async fn with_redis_killed_sends_are_acknowledged_and_others_hear_when_it_is_back() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = room_on_two_nodes(&one, &two).await;
    let mut phone = one.connect("ann").await;
    phone.join("general").await;
    cluster.redis.kill();
    until(&one, "/readyz", |state| *state == json!({ "status": "degraded", "broken": ["broker"] })).await;
    for n in 0..50 {
        ann.say("general", &format!("a{n}"), &format!("away {n}")).await;
    }
    // The node's own sessions hear at once.
    hears(&mut phone, "away 49").await;
    ann.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "psst", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    ann.answer("p").await;
    cluster.redis.start_again().unwrap();
    let back = Instant::now();
    for n in 0..50 {
        assert_eq!(bob.message().await["content"], format!("away {n}"));
    }
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["content"], "psst");
    assert!(back.elapsed() < HEALED, "{:?}", back.elapsed());
    for server in [&one, &two] {
        until(server, "/readyz", |state| *state == json!({ "status": "ready" })).await;
    }
    bob.say("general", "after", "after").await;
    hears(&mut ann, "after").await;
}

#[tokio::test]
async fn a_redis_that_hangs_loses_nothing() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = room_on_two_nodes(&one, &two).await;
    cluster.redis.hang().unwrap();
    for n in 0..20 {
        ann.say("general", &format!("a{n}"), &format!("hung {n}")).await;
    }
    until(&one, "/readyz", |state| state["status"] == "degraded").await;
    ann.say("general", "last", "last").await;
    cluster.redis.go_on().unwrap();
    for n in 0..20 {
        assert_eq!(bob.message().await["content"], format!("hung {n}"));
    }
    hears(&mut bob, "last").await;
}

#[tokio::test]
async fn everything_in_redis_may_be_taken_away() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = room_on_two_nodes(&one, &two).await;
    cluster.redis.flush_all().unwrap();
    ann.say("general", "after", "after").await;
    hears(&mut bob, "after").await;
    // Nodes tell each other of their people beside the log.
    until(&two, "/api/v1/rooms/general/participants", |people| people["count"] == 2).await;
}

#[tokio::test]
async fn a_node_that_redis_threw_out_for_being_slow_misses_nothing() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = room_on_two_nodes(&one, &two).await;
    for n in 0..10 {
        // As `client-output-buffer-limit pubsub` does to who reads too slowly.
        cluster.redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
        ann.say("general", &format!("a{n}"), &n.to_string()).await;
    }
    for n in 0..10 {
        assert_eq!(bob.message().await["content"], n.to_string());
    }
}
