//! What cannot be read is refused with a problem that says what is wrong with it.

use serde_json::{Value, json};

use super::actor::Actor;
use crate::support::TestServer;

fn detail(problem: &Value) -> &str {
    problem["detail"].as_str().unwrap()
}

#[tokio::test]
async fn a_bad_body_names_its_field() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    for (body, field) in [
        (json!({ "roomId": "hall" }), "kind: is required"),
        (json!({ "kind": "public" }), "roomId: is required"),
        (json!({ "roomId": "two words", "kind": "public" }), "roomId: must not contain whitespace"),
        (json!({ "roomId": "x".repeat(129), "kind": "public" }), "roomId: must be at most 128 bytes"),
        (json!({ "roomId": "hall", "kind": "direct" }), "kind: must be public or private"),
        (json!({ "roomId": "hall", "kind": "open" }), "kind: unknown variant"),
        (
            json!({ "roomId": "hall", "kind": "public", "name": "x".repeat(257) }),
            "name: must be 1 to 256 bytes",
        ),
        (
            json!({ "roomId": "hall", "kind": "public", "members": ["bob", ""] }),
            "members[1]: must not be empty",
        ),
        (json!([]), ""),
    ] {
        let problem = ann.post("/api/v1/rooms", body).await.refused(400, "INVALID_FRAME");
        assert!(detail(&problem).starts_with(field), "{problem}");
    }
    assert_eq!(ann.get("/api/v1/rooms").await.expect(200)["rooms"], json!([]), "nothing was made");
}

#[tokio::test]
async fn s26_a_body_is_json_and_says_so() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    let body = br#"{"roomId":"hall","kind":"public"}"#.to_vec();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        ann.send("/api/v1/rooms", content_type, body.clone()).await.refused(415, "INVALID_FRAME");
    }
    let json = Some("application/json; charset=utf-8");
    for bad in ["", "{", "{\"roomId\":\"hall\",\"kind\":\"public\"} {}", "\u{fffd}", "null"] {
        ann.send("/api/v1/rooms", json, bad.into()).await.refused(400, "INVALID_FRAME");
    }
    ann.send("/api/v1/rooms", json, vec![b'"', 0xff, b'"']).await.refused(400, "INVALID_FRAME");
    let deep = format!("{{\"data\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    Actor::scoped(&server, "bot", "notify")
        .send("/api/v1/notifications/send", json, deep.into())
        .await
        .refused(400, "INVALID_FRAME");
    ann.send("/api/v1/rooms", json, body).await.expect(201);
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let server = TestServer::start(&["--max-body-bytes", "1024"]).await;
    let ann = Actor::new(&server, "ann");
    let body = json!({ "roomId": "hall", "kind": "public", "ignored": "x".repeat(1024) });
    ann.post("/api/v1/rooms", body).await.refused(413, "TOO_LARGE");
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &[]).await;
    for (path, field) in [
        ("/api/v1/rooms/hall/messages?limit=0", "limit: must be at least 1"),
        ("/api/v1/rooms/hall/messages?limit=many", "limit: must be a whole number"),
        ("/api/v1/rooms/hall/messages?before=-1", "before: must be a whole number"),
        ("/api/v1/rooms/hall/messages?before=9007199254740992", "before: must be a whole number"),
        ("/api/v1/rooms/hall/messages?before=1&after=1", "after: must not be given together with before"),
        ("/api/v1/rooms/hall/messages?limit=1&limit=2", "limit: must be given once"),
        ("/api/v1/rooms/hall/log?after=x", "after: must be a whole number"),
        ("/api/v1/inbox?after=1.5", "after: must be a whole number"),
        ("/api/v1/rooms?scope=all", "scope: must be mine or public"),
        ("/api/v1/rooms?after=a%20b", "after: must not contain whitespace"),
        ("/api/v1/search?q=x&roomId=a%20b", "roomId: must not contain whitespace"),
        ("/api/v1/notifications?unread=maybe", "unread: must be true or false"),
        ("/api/v1/rooms/two%20words", "roomId: must not contain whitespace"),
        ("/api/v1/rooms/hall%0A/messages", "roomId: must not contain whitespace"),
        ("/api/v1/direct/a%09b/messages", "userId: must not contain whitespace"),
    ] {
        let problem = ann.get(path).await.refused(400, "INVALID_FRAME");
        assert!(detail(&problem).starts_with(field), "{path}: {problem}");
    }
    let long = format!("/api/v1/rooms/{}", "x".repeat(129));
    let problem = ann.get(&long).await.refused(400, "INVALID_FRAME");
    assert_eq!(detail(&problem), "roomId: must be at most 128 bytes");
    let problem = ann.get("/api/v1/rooms/%ff").await.refused(400, "INVALID_FRAME");
    assert!(detail(&problem).contains("roomId"), "{problem}");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_done_are_problems_too() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    for path in ["/api/v1/nothing", "/api/v2/rooms", "/api", "/api/v1/rooms/hall/messages/1"] {
        ann.get(path).await.refused(404, "NOT_FOUND");
    }
    for (method, path) in [
        ("DELETE", "/api/v1/rooms"),
        ("POST", "/api/v1/rooms/hall/messages"),
        ("PUT", "/api/v1/notifications"),
        ("GET", "/api/v1/notifications/send"),
        ("POST", "/api/v1/search"),
    ] {
        let problem = ann.call(method, path, None).await.expect(405);
        assert_eq!(problem["status"], 405, "{method} {path}");
    }
}
