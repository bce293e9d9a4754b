//! Several nodes over one log and a real Redis: what clients of different nodes see of each other, and what they see when
//! Redis, or a node, goes away.

mod fallback;
mod kinds;
mod outage;
mod presence;
mod registry;
mod security;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidings_protocol::Epoch;
use tidings_server::app::{App, Parts};
use tidings_server::broker::redis::{Address, RedisBroker, RedisOptions};
use tidings_server::clock::Clock;
use tidings_server::store::Store;
use tidings_server::store::memory::Memory;
use tidings_testbed::redis::Redis;

use crate::harness::{Client, PATIENCE, Server, admin_token, seqs, token};
use crate::support::client;

/// Nodes that share a log and a Redis, both empty at first.
struct Cluster {
    redis: Arc<Redis>,
    store: Arc<dyn Store>,
}

impl Cluster {
    fn new() -> Self {
        let store = Arc::new(Memory::new(Epoch::new("test-epoch").unwrap()));
        Self { redis: Arc::new(Redis::start().unwrap()), store }
    }

    /// Starts a node, with more flags.
    async fn node(&self, name: &str, flags: &[&str]) -> Server {
        let url = self.redis.url();
        let own = ["--redis-url", url.as_str(), "--node-id", name];
        let config = Server::config(&[&own, flags].concat());
        let options = RedisOptions { patience: Duration::from_secs(1), ..RedisOptions::new("tidings:test:") };
        let broker = RedisBroker::start(&Address::parse(&url).unwrap(), options).await.unwrap();
        let parts =
            Parts { store: Arc::clone(&self.store), broker: Arc::new(broker), clock: Clock::system() };
        Server::run(App::with(&config, parts).await.unwrap()).await
    }

    async fn two(&self, flags: &[&str]) -> (Server, Server) {
        (self.node("one", flags).await, self.node("two", flags).await)
    }
}

async fn get(server: &Server, path: &str, user: &str) -> Value {
    let request = client().get(server.url(path)).bearer_auth(admin_token(user));
    request.send().await.unwrap().json().await.unwrap()
}

/// Asks again until the answer is as wanted.
async fn until(server: &Server, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let asking = async {
        loop {
            let answer = get(server, path, "root").await;
            if wanted(&answer) {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{path} did not come to that"))
}

/// Waits for the message with this content.
async fn hears(client: &mut Client, content: &str) -> Value {
    loop {
        let message = client.message().await;
        if message["content"] == content {
            return message;
        }
    }
}

#[tokio::test]
async fn clients_of_two_nodes_see_one_order_without_holes() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    for n in 0..100 {
        let message = |who: &str| json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": format!("{who}{n}"), "content": "x" });
        ann.send(message("a")).await;
        bob.send(message("b")).await;
    }
    let mut seen = Vec::new();
    for client in [&mut ann, &mut bob] {
        let mut messages = Vec::new();
        while messages.len() < 200 {
            messages.push(json!({ "data": client.message().await }));
        }
        assert_eq!(seqs(&messages), (1..=200).collect::<Vec<_>>());
        let ids: Vec<String> = messages.iter().map(|m| m["data"]["clientId"].to_string()).collect();
        seen.push(ids);
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn direct_messages_and_notifications_reach_the_other_node() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let mut ann = one.connect("ann").await;
    let mut bob = two.connect_with(&token("bob"), "&notifications=true").await;
    ann.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "psst", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    ann.answer("p").await;
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["content"], "psst");
    assert_eq!(ann.expect("PRIVATE", "DELIVERED").await["recipientId"], "bob");
    for (path, kind, body) in [
        ("send", "NOTIFICATION", json!({ "userId": "bob", "title": "t", "message": "m", "type": "info" })),
        ("broadcast", "BROADCAST", json!({ "title": "t", "message": "m", "type": "info" })),
    ] {
        let url = one.url(&format!("/api/v1/notifications/{path}"));
        let sent = client().post(url).bearer_auth(admin_token("root")).json(&body).send().await;
        assert!(sent.unwrap().status().is_success());
        assert_eq!(bob.expect("NOTIFICATION", kind).await["title"], "t");
    }
}

#[tokio::test]
async fn the_status_tells_of_the_whole_cluster() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let _ann = one.connect("ann").await;
    let _bob = two.connect("bob").await;
    let stream = client().get(two.url("/api/v1/notifications/stream/cy")).bearer_auth(token("cy"));
    let _stream = stream.send().await.unwrap();
    let all = json!({ "connectedUsers": 3, "users": ["ann", "bob", "cy"], "nodes": ["one", "two"] });
    for server in [&one, &two] {
        until(server, "/api/v1/notifications/status", |status| *status == all).await;
    }
}
