//! What must hold on every node at once: tickets, fences, evictions.

use serde_json::json;
use tidings_protocol::{RoomId, UserId};
use tidings_server::store::Write;

use super::{Cluster, hears};
use crate::harness::{Client, Server, token};
use crate::support::client;
use crate::support::jwt::Issuer;

async fn ticket(server: &Server) -> String {
    ticket_for(server, &token("ann")).await
}

async fn ticket_for(server: &Server, token: &str) -> String {
    let url = server.url("/api/v1/auth/ticket");
    let answer = client().post(url).bearer_auth(token).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    answer["ticket"].as_str().unwrap().to_owned()
}

async fn redeem(server: &Server, ticket: &str) -> u16 {
    let url = server.url(&format!("/api/v1/inbox?ticket={ticket}"));
    client().get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_ticket_of_one_node_counts_on_another_and_once_in_all() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let of_one = ticket(&one).await;
    assert_eq!(redeem(&two, &of_one).await, 200);
    for server in [&one, &two] {
        assert_eq!(redeem(server, &of_one).await, 401);
    }
    let parallel = ticket(&one).await;
    let (a, b) = tokio::join!(redeem(&one, &parallel), redeem(&two, &parallel));
    assert_eq!(a.min(b), 200);
    assert_eq!(a.max(b), 401);
    let waiting = ticket(&one).await;
    cluster.redis.kill();
    assert_eq!(redeem(&one, &waiting).await, 503, "whether it was used is not known");
    cluster.redis.start_again().unwrap();
    assert_eq!(redeem(&two, &waiting).await, 200);
}

#[tokio::test]
async fn s04_with_keys_by_jwks_a_ticket_of_one_node_counts_on_another_by_the_secret_of_their_log() {
    let cluster = Cluster::new();
    let issuer = Issuer::new();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, issuer.jwks().to_string()).unwrap();
    let shared = ["--jwks-file", keys.to_str().unwrap()];
    let (one, two) = cluster.two(&shared).await;
    let of_one = ticket_for(&one, &issuer.token("ann")).await;
    assert_eq!(redeem(&two, &of_one).await, 200);
    for server in [&one, &two] {
        assert_eq!(redeem(server, &of_one).await, 401, "it has been used");
    }
}

#[tokio::test]
async fn redis_holds_used_tickets_and_nothing_of_who_is_there() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.say("general", "1", "to both").await;
    hears(&mut bob, "to both").await;
    assert_eq!(redeem(&two, &ticket(&one).await).await, 200);
    let keys = cluster.redis.say(&["KEYS", "*"]).unwrap();
    let keys: Vec<&str> = keys.split_whitespace().collect();
    assert!(keys.len() == 1 && keys[0].starts_with("tidings:ticket:"), "{keys:?}");
    let channels = cluster.redis.say(&["PUBSUB", "CHANNELS"]).unwrap();
    for channel in channels.split_whitespace() {
        let name = channel.strip_prefix("tidings:test:").unwrap();
        let kind = name.split(':').next().unwrap();
        assert!(["room", "user", "all", "echo"].contains(&kind), "{channel}");
    }
    assert!(channels.contains("tidings:test:room:general") && channels.contains("tidings:test:all"));
}

#[tokio::test]
async fn a_newer_connection_fences_the_older_one_on_another_node() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let mut old = one.connect_with(&token("ann"), "&clientSession=tab").await;
    let mut new = two.connect_with(&token("ann"), "&clientSession=tab").await;
    assert_eq!(old.closed().await, 4009);
    new.send(json!({ "type": "RESUME", "rooms": [], "id": "r" })).await;
    new.answer("r").await;
}

#[tokio::test]
async fn a_fence_that_could_not_be_sent_is_made_up_for_when_redis_is_back() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let mut old = one.connect_with(&token("ann"), "&clientSession=tab").await;
    old.send(json!({ "type": "RESUME", "rooms": [], "id": "r" })).await;
    old.answer("r").await;
    cluster.redis.kill();
    super::until(&two, "/readyz", |state| state["status"] == "degraded").await;
    let mut new = two.connect_with(&token("ann"), "&clientSession=tab").await;
    new.send(json!({ "type": "RESUME", "rooms": [], "id": "r" })).await;
    new.answer("r").await;
    cluster.redis.start_again().unwrap();
    assert_eq!(old.closed().await, 4009);
    new.so_far().await;
}

#[tokio::test]
async fn who_is_put_out_of_a_room_by_one_node_hears_nothing_more_of_it_on_another() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    ann.say("general", "1", "to both").await;
    hears(&mut bob, "to both").await;
    let url = one.url("/api/v1/rooms/general/members/bob");
    let out = client().delete(url).bearer_auth(token("ann")).send().await.unwrap();
    assert!(out.status().is_success());
    let told = bob.expect("SYSTEM", "MEMBERSHIP").await;
    assert_eq!((&told["roomId"], &told["member"]), (&json!("general"), &json!(false)));
    ann.expect("SYSTEM", "USER_LEFT").await;
    ann.say("general", "2", "behind the back").await;
    assert!(bob.so_far().await.iter().all(|f| f["data"]["content"] != "behind the back"));
}

/// A private room of ann's, with bob on the other node.
async fn private_room(one: &Server, two: &Server) -> (Client, Client) {
    let url = one.url("/api/v1/rooms");
    let room = json!({ "roomId": "secret", "kind": "private", "members": ["bob"] });
    let made = client().post(url).bearer_auth(token("ann")).json(&room).send().await.unwrap();
    assert_eq!(made.status().as_u16(), 201);
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("secret").await;
    bob.join("secret").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    ann.say("secret", "1", "to both").await;
    hears(&mut bob, "to both").await;
    (ann, bob)
}

async fn member(server: &Server, method: reqwest::Method) {
    let url = server.url("/api/v1/rooms/secret/members/bob");
    let answer = client().request(method, url).bearer_auth(token("ann")).send().await.unwrap();
    assert!(answer.status().is_success());
}

async fn is_told(bob: &mut Client, member: bool) {
    let told = bob.expect("SYSTEM", "MEMBERSHIP").await;
    assert_eq!((&told["roomId"], &told["member"]), (&json!("secret"), &json!(member)));
}

#[tokio::test]
async fn who_was_put_out_while_redis_was_away_hears_nothing_more_when_it_is_back() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = private_room(&one, &two).await;
    cluster.redis.kill();
    super::until(&one, "/readyz", |state| state["status"] == "degraded").await;
    member(&one, reqwest::Method::DELETE).await;
    cluster.redis.start_again().unwrap();
    is_told(&mut bob, false).await;
    ann.say("secret", "2", "behind the back").await;
    assert!(bob.so_far().await.iter().all(|f| f["data"]["content"] != "behind the back"));
}

#[tokio::test]
async fn an_eviction_that_nobody_told_is_made_up_for() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = private_room(&one, &two).await;
    // A node that is killed right after it has written has told nobody.
    let out = Write::RemoveMember {
        room_id: RoomId::new("secret").unwrap(),
        user_id: UserId::new("bob").unwrap(),
        stays_out: true,
    };
    cluster.store.commit(vec![out]).await.unwrap()[0].as_ref().unwrap();
    cluster.redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    is_told(&mut bob, false).await;
    // The word that he left is lost where it is said before the other node is subscribed again: then he is only gone.
    while !matches!(ann.next().await["type"].as_str(), Some("USER_LEFT" | "USER_DISCONNECTED")) {}
    ann.say("secret", "2", "behind the back").await;
    assert!(bob.so_far().await.iter().all(|f| f["data"]["content"] != "behind the back"));
}

#[tokio::test]
async fn who_was_put_out_and_let_in_again_while_redis_was_away_stays() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut bob) = private_room(&one, &two).await;
    cluster.redis.kill();
    super::until(&one, "/readyz", |state| state["status"] == "degraded").await;
    member(&one, reqwest::Method::DELETE).await;
    member(&one, reqwest::Method::PUT).await;
    ann.say("secret", "2", "meanwhile").await;
    cluster.redis.start_again().unwrap();
    is_told(&mut bob, false).await;
    is_told(&mut bob, true).await;
    hears(&mut bob, "meanwhile").await;
    ann.say("secret", "3", "after").await;
    hears(&mut bob, "after").await;
    bob.say("secret", "4", "here").await;
}
