//! How fast plain requests and connections may come: what is over the bound is refused with the time to wait, and
//! nobody else notices.

use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::admission::until_closed;
use crate::support::TestServer;
use crate::support::jwt::{scoped, token};

/// How many of `count` requests were taken; all others must say when to come back.
async fn taken(server: &TestServer, path: &str, bearer: Option<&str>, count: usize) -> usize {
    let bearer = bearer.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
    let mut taken = 0;
    for _ in 0..count {
        let answer = server.get(path, &headers).await;
        if answer.status() != 429 {
            taken += 1;
            continue;
        }
        assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "RATE_LIMITED");
        assert!(problem["retryAfterMs"].as_u64().unwrap() >= 1 && problem["requestId"].is_string());
    }
    taken
}

#[tokio::test]
async fn s12_one_users_reads_are_bounded_and_nobody_elses() {
    let server = TestServer::start(&["--max-reads-per-second", "1"]).await;
    let (ann, bob) = (token("ann"), token("bob"));
    let first = taken(&server, "/api/v1/rooms", Some(&ann), 20).await;
    assert!((4..=8).contains(&first), "{first}");
    assert_eq!(taken(&server, "/api/v1/rooms", Some(&bob), 3).await, 3, "another user");
    let bearer = format!("Bearer {ann}");
    let made = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", bearer.as_str())]).await;
    assert_eq!(made.status(), 200, "what writes has a bucket of its own");
    let bot = scoped("bot", "notify");
    assert_eq!(taken(&server, "/api/v1/rooms", Some(&bot), 20).await, 20, "a program with a scope");
}

#[tokio::test]
async fn s12_one_users_writes_are_bounded_whatever_client_session_they_name() {
    let server = TestServer::start(&["--max-writes-per-second", "1"]).await;
    let bearer = format!("Bearer {}", token("ann"));
    let mut refused = 0;
    for n in 0..20 {
        let body = json!({ "clientSession": format!("tab-{n}"), "frames": [{ "type": "PING", "id": "p" }] });
        let answer = server.post("/api/v1/realtime/frames", &body, &[("authorization", &bearer)]).await;
        refused += usize::from(answer.status() == 429);
    }
    assert!((12..=16).contains(&refused), "{refused}");
}

#[tokio::test]
async fn s12_requests_without_a_token_that_counts_are_bounded_for_each_address() {
    let server =
        TestServer::start(&["--max-anonymous-per-second", "1", "--trusted-proxies", "127.0.0.1"]).await;
    let first = taken(&server, "/api/v1/openapi.json", None, 20).await;
    assert!((4..=8).contains(&first), "{first}");
    let guessed = taken(&server, "/api/v1/rooms", Some("a guess"), 10).await;
    assert!(guessed <= 2, "{guessed}: a wrong token is none");
    let mut unread = 0;
    for header in [("cookie", "a=b"), ("authorization", "Bearer a guess")].into_iter().cycle().take(10) {
        unread += usize::from(server.get("/api/v1/openapi.json", &[header]).await.status() == 200);
    }
    assert!(unread <= 2, "{unread}: nor is one that nobody looks at");
    assert_eq!(taken(&server, "/api/v1/rooms", Some(&token("ann")), 10).await, 10, "a good one is");
    assert_eq!(taken(&server, "/readyz", None, 20).await, 20, "whoever watches over the server");
    let elsewhere = server.get("/api/v1/openapi.json", &[("x-forwarded-for", "198.51.100.7")]).await;
    assert_eq!(elsewhere.status(), 200, "another address");
}

#[tokio::test]
async fn s11_more_connections_than_the_server_takes_in_a_second_are_told_to_come_back() {
    let server =
        TestServer::start(&["--max-connects-per-second", "20", "--max-connections-per-ip", "10000"]).await;
    let (mut answered, mut shed, mut turns) = (0, 0, Vec::new());
    for _ in 0..100 {
        let answer =
            until_closed(&server, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        if answer.starts_with("HTTP/1.1 200") {
            answered += 1;
        } else {
            assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
            let told = answer.split_once("\r\nRetry-After: ").and_then(|(_, rest)| rest.split_once("\r\n"));
            turns.push(told.expect(&answer).0.parse::<u64>().unwrap());
            shed += 1;
        }
    }
    assert!(answered >= 20 && shed >= 20, "{answered} answered, {shed} shed");
    // The last has all before it in the line, of whom twenty come in a second.
    assert!(turns.first() == Some(&1) && turns.iter().all(|turn| (1..=5).contains(turn)), "{turns:?}");
    assert_eq!(server.numbers_of_refused("rate").await, shed);
    // A storm of connections that say nothing, and the server still stands.
    let mut storm = Vec::new();
    for _ in 0..500 {
        storm.push(TcpStream::connect(server.addr).await.unwrap());
    }
    drop(storm);
    server.eventually_open("ann").await;
}
