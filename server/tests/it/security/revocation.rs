//! A word that was taken back: at once on the node that was told, within a second on one that heard nothing, and on
//! every transport.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::jwt::{self, token};
use crate::support::{Socket, TestServer, client};

/// What the contract gives a revocation to reach every node.
const WITHIN: Duration = Duration::from_secs(1);

/// The close code, and what came before it.
async fn closed(mut socket: Socket) -> (u16, Vec<Value>) {
    let mut before = Vec::new();
    let reading = async {
        while let Some(message) = socket.next().await {
            match message {
                Ok(Message::Text(text)) => before.push(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(Some(frame))) => return frame.code.into(),
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("no close");
    };
    let code = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("a close");
    (code, before)
}

async fn open(server: &TestServer, token: &str) -> Socket {
    let mut socket = server.open(&format!("?token={token}"), &[]).await.unwrap();
    socket.next().await.unwrap().unwrap();
    socket
}

fn with_jti(user: &str, jti: &str) -> String {
    let mut claims = jwt::claims(user);
    claims["jti"] = json!(jti);
    jwt::sign(&jwt::header("HS256"), &claims)
}

/// Reads an event stream to its end.
async fn ended(mut response: reqwest::Response) -> String {
    let mut all = String::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            all += &String::from_utf8_lossy(&chunk);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("the stream ends");
    all
}

async fn stream(server: &TestServer, user: &str) -> reqwest::Response {
    let url = server.url(&format!("/api/v1/notifications/stream/{user}"));
    let mut response = client().get(url).bearer_auth(token(user)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some(), "connected");
    response
}

fn subscribe(session: &str) -> Value {
    json!({ "clientSession": session, "epoch": "epoch-1", "rooms": [], "inboxAfter": 0, "waitMs": 20_000 })
}

async fn frame_stream(server: &TestServer, user: &str) -> reqwest::Response {
    let request = client().post(server.url("/api/v1/realtime/stream")).bearer_auth(token(user));
    let mut response = request.json(&subscribe("a-stream")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.chunk().await.unwrap().is_some(), "established");
    response
}

/// A poll that waits; the task ends with its answer.
async fn poll(server: &TestServer, user: &str) -> tokio::task::JoinHandle<reqwest::Response> {
    let request = client().post(server.url("/api/v1/realtime/poll")).bearer_auth(token(user));
    let polling = tokio::spawn(async move { request.json(&subscribe("a-poll")).send().await.unwrap() });
    // It is under way as soon as the server counts it.
    let waiting = async {
        while !server.numbers().await.contains("polling_connections_active 1\n") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("the poll waits");
    polling
}

#[tokio::test]
async fn s17_a_ban_ends_every_transport_on_every_node_within_a_second_even_where_no_hint_arrives() {
    let [one, two] = TestServer::start_deaf_pair(&[]).await;
    for server in [&one, &two] {
        let session = open(server, &token("ann")).await;
        let bystander = open(server, &token("bob")).await;
        let notifications = stream(server, "ann").await;
        let frames = frame_stream(server, "ann").await;
        let polling = poll(server, "ann").await;

        let began = Instant::now();
        let ban = one.admin("PUT", "/bans/ann", Some(json!({ "reason": "spam" }))).await;
        assert_eq!(ban.status(), 200);
        assert_eq!(closed(session).await.0, 4003);
        ended(notifications).await;
        ended(frames).await;
        let answer = polling.await.unwrap();
        assert_eq!(answer.status(), 403);
        assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());

        let query = format!("?token={}", token("ann"));
        let refused = server.open(&query, &[]).await.expect_err("a banned user");
        assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"));
        let bearer = format!("Bearer {}", token("ann"));
        for path in ["/api/v1/rooms", "/api/v1/notifications/stream/ann"] {
            assert_eq!(server.get(path, &[("authorization", &bearer)]).await.status(), 403, "{path}");
        }
        drop(bystander);
        assert_eq!(one.admin("DELETE", "/bans/ann", None).await.status(), 204);
        until_let_in(server, "ann").await;
    }
}

/// A lifted ban reaches a node that hears nothing by its tick.
async fn until_let_in(server: &TestServer, user: &str) {
    let began = Instant::now();
    while server.open(&format!("?token={}", token(user)), &[]).await.is_err() {
        assert!(began.elapsed() < WITHIN, "the ban was lifted");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn s17_a_revoked_token_closes_its_sessions_with_4001_and_no_other_token_of_the_user() {
    let [one, two] = TestServer::start_deaf_pair(&[]).await;
    let (first, second) = (with_jti("ann", "t-1"), with_jti("ann", "t-2"));
    let on_one = open(&one, &first).await;
    let on_two = open(&two, &first).await;
    let mut other = open(&two, &second).await;
    let bearer = format!("Bearer {first}");
    let made = two.post("/api/v1/auth/ticket", &json!({}), &[("authorization", &bearer)]).await;
    let ticket = made.json::<Value>().await.unwrap()["ticket"].as_str().unwrap().to_owned();

    let began = Instant::now();
    let revoke = json!({ "jti": "t-1", "exp": jwt::now() + 3600 });
    assert_eq!(one.admin("POST", "/tokens/revoke", Some(revoke)).await.status(), 204);
    assert_eq!(closed(on_one).await.0, 4001);
    assert_eq!(closed(on_two).await.0, 4001);
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
    for query in [format!("?token={first}"), format!("?ticket={ticket}")] {
        let refused = two.open(&query, &[]).await.expect_err("the token counts no more");
        assert_eq!((refused.status, refused.code()), (401, "UNAUTHENTICATED"), "{query}");
    }
    say(&mut other, json!({ "type": "PING", "id": "p" })).await;
    assert_eq!(next(&mut other).await["type"], "PONG", "another token of the same user");

    // A session that changes over to a revoked token is refused the token and stays.
    say(&mut other, json!({ "type": "AUTHENTICATE", "id": "a", "token": first })).await;
    assert_eq!(next(&mut other).await["data"]["code"], "UNAUTHENTICATED");
}

async fn say(socket: &mut Socket, frame: Value) {
    use futures_util::SinkExt as _;
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn s17_a_session_stands_on_the_token_that_it_changed_to() {
    let server = TestServer::start(&[]).await;
    let mut socket = open(&server, &with_jti("ann", "old")).await;
    say(&mut socket, json!({ "type": "AUTHENTICATE", "id": "a", "token": with_jti("ann", "new") })).await;
    assert_eq!(next(&mut socket).await["type"], "AUTHENTICATED");
    let revoke = |jti: &str| json!({ "jti": jti, "exp": jwt::now() + 3600 });
    server.admin("POST", "/tokens/revoke", Some(revoke("old"))).await;
    say(&mut socket, json!({ "type": "PING", "id": "p" })).await;
    assert_eq!(next(&mut socket).await["type"], "PONG");
    server.admin("POST", "/tokens/revoke", Some(revoke("new"))).await;
    assert_eq!(closed(socket).await.0, 4001);
}

#[tokio::test]
async fn s17_ending_a_users_sessions_ends_those_and_lets_new_ones_begin() {
    let [one, two] = TestServer::start_deaf_pair(&[]).await;
    for _ in 0..2 {
        let on_one = open(&one, &token("ann")).await;
        let on_two = open(&two, &token("ann")).await;
        let began = Instant::now();
        assert_eq!(one.admin("POST", "/users/ann/disconnect", None).await.status(), 204);
        assert_eq!(closed(on_one).await.0, 4003);
        assert_eq!(closed(on_two).await.0, 4003);
        assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
    }
    open(&one, &token("ann")).await;
}

#[tokio::test]
async fn s17_a_ban_counts_after_a_restart_and_ends_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TestServer::start_durable(folder.path()).await;
    server.admin("PUT", "/bans/ann", Some(json!({}))).await;
    server.begin_stop();
    server.stopped().await;
    let server = TestServer::start_durable(folder.path()).await;
    assert_eq!(server.open(&format!("?token={}", token("ann")), &[]).await.expect_err("banned").status, 403);

    let soon = time_of(jwt::now() + 2);
    let ban = server.admin("PUT", "/bans/bob", Some(json!({ "until": soon }))).await;
    assert_eq!(ban.status(), 200);
    let query = format!("?token={}", token("bob"));
    assert_eq!(server.open(&query, &[]).await.expect_err("banned").status, 403);
    let waiting = async {
        while server.open(&query, &[]).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("the ban ends");
}

/// RFC 3339 of a Unix time.
pub(super) fn time_of(seconds: i64) -> String {
    serde_json::to_value(tidings_protocol::Timestamp::from_millis(seconds * 1000))
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn s17_a_banned_user_who_floods_is_heard_no_more() {
    let server = TestServer::start(&["--max-frames-per-second", "100000", "--frame-burst", "100000"]).await;
    let mut flooding = open(&server, &token("ann")).await;
    say(&mut flooding, json!({ "type": "JOIN_ROOM", "roomId": "hall", "id": "join" })).await;
    while next(&mut flooding).await["type"] != "ACK" {}
    let (mut sink, mut stream) = flooding.split();
    let writer = tokio::spawn(async move {
        use futures_util::SinkExt as _;
        for n in 0.. {
            let frame =
                json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "content": "x", "id": format!("f{n}") });
            if sink.send(Message::text(frame.to_string())).await.is_err() {
                return;
            }
        }
    });
    stream.next().await.unwrap().unwrap();
    assert_eq!(server.admin("PUT", "/bans/ann", Some(json!({}))).await.status(), 200);
    let reading = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => panic!("no close frame"),
            }
        }
    };
    assert_eq!(tokio::time::timeout(WITHIN, reading).await.expect("a close"), 4003);
    writer.abort();
}
