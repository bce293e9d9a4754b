//! Who is connected, as other programs read it from Redis.

use super::{Cluster, Redis};
use crate::harness::PATIENCE;

/// Waits until a command of `redis-cli` answers so.
async fn answers(redis: &Redis, words: &[&str], wanted: &str) {
    let asking = async {
        while redis.say(words).unwrap().trim() != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{words:?} is not {wanted}"));
}

#[tokio::test]
async fn other_programs_read_from_redis_who_is_connected_to_which_node() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&["--redis-sessions"]).await;
    let (laptop, phone) = (one.connect("ann").await, two.connect("ann").await);
    let bob = two.connect("bob").await;
    let redis = &cluster.redis;
    answers(redis, &["SCARD", "websocket:user:ann"], "2").await;
    answers(redis, &["GET", "user:online:bob"], "true").await;
    let session = redis.say(&["SRANDMEMBER", "websocket:user:bob"]).unwrap();
    let key = format!("websocket:session:{}", session.trim());
    answers(redis, &["HMGET", &key, "userId", "serverId"], "bob\ntwo").await;
    drop((laptop, bob));
    answers(redis, &["SCARD", "websocket:user:ann"], "1").await;
    answers(redis, &["EXISTS", "user:online:bob", &key], "0").await;
    assert_eq!(redis.say(&["GET", "user:online:ann"]).unwrap().trim(), "true");
    drop(phone);
    answers(redis, &["KEYS", "*online*"], "").await;
}

#[tokio::test]
async fn a_node_that_nobody_has_asked_for_it_writes_nothing_of_its_sessions() {
    let cluster = Cluster::new();
    let silent = cluster.node("one", &[]).await;
    let _ann = silent.connect("ann").await;
    // It began earlier, so it would have written by the time at which another one has twice.
    let asked = cluster.node("two", &["--redis-sessions"]).await;
    let redis = &cluster.redis;
    for user in ["bob", "cy"] {
        let client = asked.connect(user).await;
        answers(redis, &["SCARD", &format!("websocket:user:{user}")], "1").await;
        drop(client);
    }
    assert_eq!(redis.say(&["EXISTS", "websocket:user:ann", "user:online:ann"]).unwrap().trim(), "0");
}
