//! What must hold on every node at once: tickets, fences, evictions.

use serde_json::json;

use super::{Cluster, hears};
use crate::harness::{Server, token};

async fn ticket(server: &Server) -> String {
    let url = server.url("/api/v1/auth/ticket");
    let answer = reqwest::Client::new().post(url).bearer_auth(token("ann")).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    answer["ticket"].as_str().unwrap().to_owned()
}

async fn redeem(server: &Server, ticket: &str) -> u16 {
    let url = server.url(&format!("/api/v1/inbox?ticket={ticket}"));
    reqwest::Client::new().get(url).send().await.unwrap().status().as_u16()
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
    let out = reqwest::Client::new().delete(url).bearer_auth(token("ann")).send().await.unwrap();
    assert!(out.status().is_success());
    let told = bob.expect("SYSTEM", "MEMBERSHIP").await;
    assert_eq!((&told["roomId"], &told["member"]), (&json!("general"), &json!(false)));
    ann.expect("SYSTEM", "USER_LEFT").await;
    ann.say("general", "2", "behind the back").await;
    assert!(bob.so_far().await.iter().all(|f| f["data"]["content"] != "behind the back"));
}
