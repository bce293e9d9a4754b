//! Tickets: good once, for 30 s, for the user of the token that asked.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tidings_server::auth::{Authenticator, LocalUsedTickets};
use tidings_server::clock::Clock;
use tidings_server::config::Config;

use crate::support::jwt::{self, claims_at, token};
use crate::support::{NOON, SECRET, TestServer};

async fn ticket(server: &TestServer, token: &str) -> String {
    let bearer = format!("Bearer {token}");
    let answer = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    body["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn s04_a_ticket_opens_one_session_however_many_try_at_once() {
    let server = TestServer::start(&[]).await;
    let query = format!("?ticket={}", ticket(&server, &token("ann")).await);
    let tries = futures_util::future::join_all((0..8).map(|_| server.open(&query, &[]))).await;
    assert_eq!(tries.iter().filter(|try_| try_.is_ok()).count(), 1);
    assert!(tries.iter().filter_map(|try_| try_.as_ref().err()).all(|refused| refused.status == 401));
    assert_eq!(server.open(&query, &[]).await.expect_err("a replay").status, 401);
}

#[tokio::test]
async fn s04_a_ticket_ends_after_thirty_seconds() {
    let (server, clock) = TestServer::start_at_noon(&[]).await;
    let token = jwt::sign(&jwt::header("HS256"), &claims_at("ann", NOON));
    let (early, late) = (ticket(&server, &token).await, ticket(&server, &token).await);
    clock.advance(Duration::from_millis(29_999));
    server.open(&format!("?ticket={early}"), &[]).await.expect("in time");
    clock.advance(Duration::from_millis(1));
    assert_eq!(server.open(&format!("?ticket={late}"), &[]).await.expect_err("too late").status, 401);
}

#[tokio::test]
async fn s04_a_ticket_ends_with_its_token() {
    let (server, clock) = TestServer::start_at_noon(&[]).await;
    let mut claims = claims_at("ann", NOON);
    claims["exp"] = json!(NOON.as_millis() / 1000 + 5);
    let ticket = ticket(&server, &jwt::sign(&jwt::header("HS256"), &claims)).await;
    clock.advance(Duration::from_secs(5));
    assert_eq!(server.open(&format!("?ticket={ticket}"), &[]).await.expect_err("too late").status, 401);
}

#[tokio::test]
async fn s04_a_ticket_says_the_end_of_its_token_to_the_millisecond() {
    let config = Config::from_args(["--jwt-secret", SECRET]).unwrap();
    let (clock, _) = Clock::held_at(NOON);
    let auth = Authenticator::new(&config.auth, clock, Arc::new(LocalUsedTickets::default())).await.unwrap();
    // A moment that is a little less than itself after a way through seconds.
    for exp in [json!(2_147_516_932.496), json!(2_147_516_932.496_3)] {
        let mut claims = claims_at("ann", NOON);
        claims["exp"] = exp;
        let principal = auth.verify(&jwt::sign(&jwt::header("HS256"), &claims)).unwrap();
        assert_eq!(principal.expires_at.as_millis(), 2_147_516_932_496);
        let ticket = auth.ticket(&principal).unwrap();
        assert_eq!(auth.redeem(&ticket.ticket).await, Ok(principal));
    }
}

#[tokio::test]
async fn s04_a_foreign_page_does_not_use_a_ticket_up() {
    let server = TestServer::start(&[]).await;
    let query = format!("?ticket={}", ticket(&server, &token("ann")).await);
    let refused = server.open(&query, &[("origin", "https://evil.example.com")]).await;
    assert_eq!(refused.expect_err("a foreign page").status, 403);
    server.open(&query, &[]).await.expect("still good");
}

#[tokio::test]
async fn s04_a_ticket_is_no_token_and_makes_no_tickets() {
    let server = TestServer::start(&[]).await;
    let first = ticket(&server, &token("ann")).await;
    assert_eq!(server.open(&format!("?token={first}"), &[]).await.expect_err("as a token").status, 401);
    let bearer = format!("Bearer {first}");
    let as_bearer = server.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
    assert_eq!(as_bearer.status(), 401);
    let by_ticket = server.post(&format!("/api/v1/auth/ticket?ticket={first}"), &json!({}), &[]).await;
    assert_eq!(by_ticket.status(), 403);
}

#[tokio::test]
async fn s04_a_ticket_with_one_byte_changed_is_none() {
    let server = TestServer::start(&[]).await;
    let good = ticket(&server, &token("ann")).await;
    for place in [good.len() / 3, good.len() / 2, good.len() - 4] {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let bad = String::from_utf8(bytes).unwrap();
        assert_eq!(server.open(&format!("?ticket={bad}"), &[]).await.expect_err(&bad).status, 401);
    }
    server.open(&format!("?ticket={good}"), &[]).await.expect("the tries have not used it up");
}
