//! A clock that is set, ten minutes forward or back, under a running server: logs keep their order, nothing counts for longer
//! than it should, nobody is taken for gone, and nothing is thrown away early.

use std::time::Duration;

use serde_json::{Value, json};
use tidings_protocol::Timestamp;

use crate::support::jwt::{claims_at, header, sign};
use crate::support::socket::{say, until};
use crate::support::{NOON, Socket, TestServer, client};

/// Ten minutes, in milliseconds.
const STEP: i64 = 600_000;

fn noon_and(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOON.as_millis() + millis)
}

/// A token that counts for long, whatever the clock is set to.
fn token(user: &str) -> String {
    sign(&header("HS256"), &claims_at(user, NOON))
}

fn token_with(name: &str, value: Value) -> String {
    let mut claims = claims_at("ann", NOON);
    claims[name] = value;
    sign(&header("HS256"), &claims)
}

fn seconds(from_noon: i64) -> Value {
    json!(NOON.as_millis() / 1000 + from_noon)
}

async fn connect(server: &TestServer, user: &str) -> Socket {
    server.open(&format!("?token={}", token(user)), &[]).await.unwrap()
}

async fn chat(socket: &mut Socket, n: u64) {
    say(socket, json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "id": format!("c{n}"), "content": format!("word {n}") }))
        .await;
    let (ack, _) = until(socket, |frame| frame["data"]["id"] == format!("c{n}")).await;
    assert_eq!((&ack["type"], &ack["data"]["seq"]), (&json!("ACK"), &json!(n)));
}

async fn join(socket: &mut Socket) {
    say(socket, json!({ "type": "JOIN_ROOM", "roomId": "hall", "id": "j" })).await;
    until(socket, |frame| frame["data"]["id"] == "j").await;
}

async fn get(server: &TestServer, path: &str) -> Value {
    let answer = client().get(server.url(path)).bearer_auth(token("ann")).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

async fn notify(server: &TestServer, title: &str) {
    let mut claims = claims_at("app", NOON);
    claims["scope"] = json!("notify");
    let token = format!("Bearer {}", sign(&header("HS256"), &claims));
    let body = json!({ "userId": "ann", "title": title, "message": "m", "type": "k" });
    let sent = server.post("/api/v1/notifications/send", &body, &[("authorization", &token)]).await;
    assert_eq!(sent.status(), 200);
}

async fn titles(server: &TestServer) -> Vec<String> {
    let list = get(server, "/api/v1/notifications").await;
    let titles =
        list["notifications"].as_array().unwrap().iter().map(|n| n["title"].as_str().unwrap().to_owned());
    titles.collect()
}

#[tokio::test]
async fn a_room_keeps_its_order_and_its_people_while_the_clock_is_set() {
    for steps in [[STEP, 0], [-STEP, 0]] {
        let folder = tempfile::tempdir().unwrap();
        let (server, clock) = TestServer::start_durable_at(folder.path(), NOON, &[]).await;
        let (mut ann, mut bob) = (connect(&server, "ann").await, connect(&server, "bob").await);
        join(&mut ann).await;
        join(&mut bob).await;
        chat(&mut ann, 1).await;
        notify(&server, "1").await;
        say(&mut ann, json!({ "type": "TYPING", "roomId": "hall", "data": { "isTyping": true } })).await;
        until(&mut bob, |frame| frame["category"] == "TYPING").await;
        for (n, step) in (2..).zip(steps) {
            clock.set(noon_and(step));
            chat(&mut ann, n).await;
            notify(&server, &n.to_string()).await;
        }
        let (_, before) = until(&mut bob, |frame| frame["data"]["seq"] == 3).await;
        let seen: Vec<&Value> =
            before.iter().filter(|f| f["type"] == "MESSAGE").map(|f| &f["data"]["seq"]).collect();
        assert_eq!(seen, [2], "the first came before");
        let gone = ["USER_LEFT", "USER_DISCONNECTED", "PRESENCE", "INDICATOR"];
        assert!(before.iter().all(|frame| !gone.iter().any(|kind| frame["type"] == *kind)), "{before:?}");

        let seqs = |page: &Value| -> Vec<u64> {
            page["messages"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect()
        };
        assert_eq!(seqs(&get(&server, "/api/v1/rooms/hall/messages").await), [1, 2, 3]);
        assert_eq!(
            seqs(&get(&server, "/api/v1/search?q=word").await),
            [3, 2, 1],
            "the newest by the log's order"
        );
        assert_eq!(titles(&server).await, ["3", "2", "1"]);
        let mut late = connect(&server, "late").await;
        say(&mut late, json!({ "type": "JOIN_ROOM", "roomId": "hall", "afterSeq": 0, "id": "j" })).await;
        let (_, before) = until(&mut late, |frame| frame["data"]["seq"] == 3).await;
        assert_eq!(before.iter().filter(|f| f["type"] == "MESSAGE").count(), 2);
    }
}

#[tokio::test]
async fn a_token_counts_by_the_clock_as_it_is_now_and_thirty_seconds_more() {
    let (server, clock) = TestServer::start_at_noon(&[]).await;
    let ends_soon = format!("?token={}", token_with("exp", seconds(60)));
    let begins = format!("?token={}", token_with("nbf", seconds(0)));
    let status =
        async |query: &str| server.open(query, &[]).await.map_or_else(|refused| refused.status, |_| 101);
    for (at, ends, begun) in [
        (0, 101, 101),
        (89_999, 101, 101),
        (90_000, 401, 101),
        (STEP, 401, 101),
        (-STEP, 101, 401),
        (-30_001, 101, 401),
        (-30_000, 101, 101),
        (0, 101, 101),
    ] {
        clock.set(noon_and(at));
        assert_eq!((status(&ends_soon).await, status(&begins).await), (ends, begun), "{at} ms from noon");
    }
}

#[tokio::test]
async fn a_ticket_counts_once_and_for_no_longer_however_the_clock_is_set() {
    let (server, clock) = TestServer::start_at_noon(&[]).await;
    let bearer = format!("Bearer {}", token("ann"));
    let ticket = async || {
        let answer = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
        let body: Value = answer.json().await.unwrap();
        format!("?ticket={}", body["ticket"].as_str().unwrap())
    };
    let (used, kept) = (ticket().await, ticket().await);
    server.open(&used, &[]).await.expect("the first use");
    for at in [0, -STEP, STEP, 0] {
        clock.set(noon_and(at));
        assert_eq!(server.open(&used, &[]).await.expect_err("a replay").status, 401, "{at} ms from noon");
    }
    clock.set(noon_and(STEP));
    assert_eq!(server.open(&kept, &[]).await.expect_err("too late").status, 401);
    clock.set(noon_and(-STEP));
    assert_eq!(server.open(&kept, &[]).await.expect_err("it would count for ten minutes").status, 401);
    clock.set(noon_and(-10_000));
    server.open(&kept, &[]).await.expect("clocks may differ by some seconds");
}

#[tokio::test]
async fn notifications_are_not_thrown_away_before_their_time() {
    let folder = tempfile::tempdir().unwrap();
    // Each start looks at once for what has expired.
    let start = async |at: i64| {
        TestServer::start_durable_at(folder.path(), noon_and(at), &["--notification-retention", "15m"])
            .await
            .0
    };
    let stop = async |mut server: TestServer| {
        server.begin_stop();
        server.stopped().await;
    };
    // What is waited for to be gone tells that it has looked.
    let until_gone = async |server: &TestServer, title: &str| {
        while titles(server).await.iter().any(|left| left == title) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    for (at, title) in [(-STEP, "older"), (0, "noon")] {
        let server = start(at).await;
        notify(&server, title).await;
        stop(server).await;
    }
    let server = start(STEP).await;
    until_gone(&server, "older").await;
    assert_eq!(titles(&server).await, ["noon"], "ten minutes old");
    stop(server).await;
    let server = start(-STEP).await;
    notify(&server, "earlier").await;
    assert_eq!(titles(&server).await, ["earlier", "noon"], "the list keeps the order of the log");
    stop(server).await;
    let server = start(STEP / 2 + 1).await;
    until_gone(&server, "earlier").await;
    assert_eq!(titles(&server).await, ["noon"]);
    stop(server).await;
    let server = start(STEP + STEP / 2 + 1).await;
    until_gone(&server, "noon").await;
    stop(server).await;
}
