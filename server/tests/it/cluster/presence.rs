//! Who is where, over all nodes: each change is told once, whichever node it comes from.

use serde_json::{Value, json};

use super::{Cluster, get, until};
use crate::harness::{Client, Server};

async fn kinds_so_far(client: &mut Client) -> Vec<String> {
    let frames = client.so_far().await;
    frames.iter().map(|f| f["type"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the node knows these participants of the room.
async fn knows(server: &Server, people: &[&str]) {
    let ids = |answer: &Value| -> Vec<String> {
        let people = answer["participants"].as_array().cloned().unwrap_or_default();
        people.iter().map(|p| p["userId"].as_str().unwrap().to_owned()).collect()
    };
    until(server, "/api/v1/rooms/general/participants", |answer| ids(answer) == people).await;
}

#[tokio::test]
async fn a_user_joins_with_the_first_session_on_any_node_and_leaves_with_the_last() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&[]).await;
    let (mut ann, mut root) = (one.connect("ann").await, one.connect("root").await);
    ann.join("general").await;
    root.join("general").await;
    let (mut bob, mut phone) = (two.connect("bob").await, one.connect("bob").await);
    bob.join("general").await;
    while ann.expect("SYSTEM", "USER_JOINED").await["userId"] != "bob" {}
    knows(&one, &["ann", "bob", "root"]).await;
    phone.join("general").await;
    // A node tells of its people in order: a node that knows of who came after the phone knows of the phone.
    let mut cy = one.connect("cy").await;
    cy.join("general").await;
    assert_eq!(ann.expect("SYSTEM", "USER_JOINED").await["userId"], "cy");
    knows(&two, &["ann", "bob", "cy", "root"]).await;
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    bob.answer("l").await;
    bob.so_far().await;
    let kinds = kinds_so_far(&mut ann).await;
    assert!(kinds.iter().all(|kind| kind != "USER_JOINED" && kind != "USER_LEFT"), "{kinds:?}");
    // Still a member by the phone on the other node.
    assert_eq!(phone.say("general", "m", "still here").await["seq"], 1);
    phone.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l2" })).await;
    phone.answer("l2").await;
    assert_eq!(ann.expect("SYSTEM", "USER_LEFT").await["userId"], "bob");
    // Each node may have taken the other's session for the last one, until it has heard of it.
    until(&one, "/api/v1/rooms/general/members", |answer| !answer.to_string().contains("bob")).await;
    knows(&two, &["ann", "cy", "root"]).await;
}

#[tokio::test]
async fn a_reload_that_lands_on_another_node_is_no_coming_and_going() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&["--presence-grace", "1s"]).await;
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    bob.close().await;
    let mut bob = one.connect("bob").await;
    bob.join("general").await;
    // The place that is held on the other node is over when that node knows of no lost session any more.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let kinds = kinds_so_far(&mut ann).await;
    assert!(!kinds.iter().any(|kind| kind.starts_with("USER_")), "{kinds:?}");
    drop(bob);
    assert_eq!(ann.expect("SYSTEM", "USER_DISCONNECTED").await["userId"], "bob");
}

#[tokio::test]
async fn presence_is_told_on_every_node_to_rooms_and_direct_partners() {
    let cluster = Cluster::new();
    let (one, two) = cluster.two(&["--presence-grace", "200ms"]).await;
    let (mut ann, mut cy) = (one.connect("ann").await, one.connect("cy").await);
    let mut bob = two.connect("bob").await;
    ann.join("general").await;
    bob.join("general").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    cy.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    cy.answer("p").await;
    bob.expect("PRIVATE", "MESSAGE").await;
    bob.send(json!({ "type": "PRESENCE", "status": "away", "id": "a" })).await;
    for client in [&mut ann, &mut cy] {
        assert_eq!(client.expect("SYSTEM", "PRESENCE").await["status"], "away");
    }
    let found = get(&one, "/api/v1/users?q=bob", "ann").await;
    assert_eq!(found["users"][0]["status"], "away");
    drop(bob);
    for client in [&mut ann, &mut cy] {
        assert_eq!(client.expect("SYSTEM", "PRESENCE").await["online"], false);
    }
    assert!(!kinds_so_far(&mut ann).await.contains(&"PRESENCE".to_owned()));
}

#[tokio::test]
async fn sessions_of_a_dead_node_are_lost_once_its_lease_is_over() {
    let cluster = Cluster::new();
    let flags = ["--presence-grace", "200ms", "--presence-lease", "1s"];
    let one = cluster.node("one", &flags).await;
    let mut ann = one.connect("ann").await;
    ann.join("general").await;
    // A runtime of its own can be ended as a process is: nothing of the node says goodbye.
    let store = std::sync::Arc::clone(&cluster.store);
    let dying = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let other = Cluster { redis: std::sync::Arc::clone(&cluster.redis), store };
    let two = dying.spawn(async move { other.node("two", &flags).await }).await.unwrap();
    let mut bob = two.connect("bob").await;
    bob.join("general").await;
    ann.expect("SYSTEM", "USER_JOINED").await;
    until(&one, "/api/v1/notifications/status", |status| status["nodes"] == json!(["one", "two"])).await;
    dying.shutdown_background();
    assert_eq!(ann.expect("SYSTEM", "USER_DISCONNECTED").await["userId"], "bob");
    assert_eq!(ann.expect("SYSTEM", "PRESENCE").await["status"], "offline");
    until(&one, "/api/v1/notifications/status", |status| status["nodes"] == json!(["one"])).await;
    assert!(!kinds_so_far(&mut ann).await.contains(&"USER_DISCONNECTED".to_owned()));
    std::mem::forget(two);
}

#[tokio::test]
async fn after_an_outage_of_redis_all_nodes_know_the_same_again() {
    let cluster = Cluster::new();
    let flags = ["--presence-grace", "200ms", "--presence-lease", "1s"];
    let (one, two) = cluster.two(&flags).await;
    let (mut ann, mut bob) = (one.connect("ann").await, two.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    knows(&one, &["ann", "bob"]).await;
    cluster.redis.kill();
    until(&two, "/readyz", |state| state["status"] == "degraded").await;
    let mut cy = two.connect("cy").await;
    cy.join("general").await;
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    bob.answer("l").await;
    // Longer than the lease: a node that cannot be heard is not dead for that.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let kinds = kinds_so_far(&mut ann).await;
    assert!(!kinds.contains(&"USER_DISCONNECTED".to_owned()), "{kinds:?}");
    cluster.redis.start_again().unwrap();
    knows(&one, &["ann", "cy"]).await;
    knows(&two, &["ann", "cy"]).await;
}
