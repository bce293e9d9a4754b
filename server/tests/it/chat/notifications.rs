//! Notifications: the stream, the cursor, the read state, and the same over WebSocket.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, admin_token, token};
use crate::support::client;

/// One server-sent event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    name: String,
    pub(super) id: Option<String>,
    pub(super) data: Value,
}

/// An event stream, read as it comes.
pub(super) struct Stream {
    body: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Stream {
    pub(super) async fn open(server: &Server, user: &str, cursor: Option<&str>) -> Self {
        let url = server.url(&format!("/api/v1/notifications/stream/{user}"));
        let mut request = client().get(url).bearer_auth(token(user));
        if let Some(cursor) = cursor {
            request = request.header("Last-Event-ID", cursor);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { body: Box::pin(response.bytes_stream()), text: String::new() }
    }

    async fn next(&mut self) -> Event {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).map(str::trim_start);
                let event = field("data:").map(|data| Event {
                    name: field("event:").unwrap_or("message").to_owned(),
                    id: field("id:").map(str::to_owned),
                    data: serde_json::from_str(data).unwrap(),
                });
                self.text = rest.to_owned();
                match event {
                    Some(event) => return event,
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("an event in time");
            self.text.push_str(std::str::from_utf8(&chunk.expect("the stream goes on").unwrap()).unwrap());
        }
    }

    pub(super) async fn expect(&mut self, name: &str) -> Event {
        let event = self.next().await;
        assert_eq!(event.name, name, "{event:?}");
        event
    }
}

async fn post(server: &Server, path: &str, body: Value) -> Value {
    let request = client().post(server.url(path)).bearer_auth(admin_token("backend")).json(&body);
    let response = request.send().await.unwrap();
    assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    let text = response.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

pub(super) async fn notify(server: &Server, user: &str, title: &str) -> Value {
    let body = json!({ "userId": user, "title": title, "message": "m", "type": "test" });
    post(server, "/api/v1/notifications/send", body).await
}

async fn broadcast(server: &Server, title: &str) -> Value {
    let body = json!({ "title": title, "message": "m", "type": "test" });
    post(server, "/api/v1/notifications/broadcast", body).await
}

#[tokio::test]
async fn a_stream_says_hello_and_then_what_happens() {
    let server = Server::start(&[]).await;
    let mut stream = Stream::open(&server, "ann", None).await;
    let connected = stream.expect("connected").await;
    assert_eq!((&connected.data["unreadCount"], connected.id), (&json!(0), None));
    let sent = notify(&server, "ann", "one").await;
    let event = stream.expect("notification").await;
    assert_eq!(event.data, sent);
    assert_eq!(
        (&event.data["title"], &event.data["read"], &event.data["userId"]),
        (&json!("one"), &json!(false), &json!("ann"))
    );
    let id = event.id.unwrap();
    assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b)), "{id}");
    let sent = broadcast(&server, "all").await;
    let event = stream.expect("broadcast").await;
    assert_eq!((&event.data["id"], &event.data["title"]), (&sent["id"], &json!("all")));
    assert!(event.id.is_some());
}

#[tokio::test]
async fn what_was_never_handed_out_comes_first_and_once() {
    let server = Server::start(&[]).await;
    Stream::open(&server, "ann", None).await.expect("connected").await;
    notify(&server, "ann", "one").await;
    broadcast(&server, "all").await;
    notify(&server, "ann", "two").await;
    let mut stream = Stream::open(&server, "ann", None).await;
    assert_eq!(stream.expect("connected").await.data["unreadCount"], 2);
    let mut titles = Vec::new();
    for _ in 0..3 {
        titles.push(stream.next().await.data["title"].as_str().unwrap().to_owned());
    }
    titles.sort();
    assert_eq!(titles, ["all", "one", "two"]);
    // The position is moved after the write; the next stream of the user begins behind it.
    tokio::time::timeout(PATIENCE, async {
        loop {
            let mut next = Stream::open(&server, "ann", None).await;
            next.expect("connected").await;
            notify(&server, "ann", "mark").await;
            if next.next().await.data["title"] == "mark" {
                break;
            }
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_cursor_replays_exactly_what_came_after_it_in_header_and_query() {
    let server = Server::start(&[]).await;
    let mut stream = Stream::open(&server, "ann", None).await;
    stream.expect("connected").await;
    let mut cursors = Vec::new();
    for n in 0..5 {
        notify(&server, "ann", &n.to_string()).await;
        cursors.push(stream.expect("notification").await.id.unwrap());
    }
    let mut stream = Stream::open(&server, "ann", Some(&cursors[1])).await;
    stream.expect("connected").await;
    for (n, cursor) in cursors.iter().enumerate().skip(2) {
        let event = stream.expect("notification").await;
        assert_eq!((&event.data["title"], event.id.as_ref()), (&json!(n.to_string()), Some(cursor)));
    }
    let url = server.url(&format!(
        "/api/v1/notifications/stream/ann?lastEventId={}&token={}",
        cursors[3],
        token("ann")
    ));
    let response = reqwest::get(url).await.unwrap();
    let mut stream = Stream { body: Box::pin(response.bytes_stream()), text: String::new() };
    stream.expect("connected").await;
    assert_eq!(stream.expect("notification").await.data["title"], "4");
}

#[tokio::test]
async fn s18_a_cursor_that_cannot_be_used_resets_and_is_never_an_error() {
    let server = Server::start(&[]).await;
    let mut bobs = Stream::open(&server, "bob", None).await;
    bobs.expect("connected").await;
    notify(&server, "bob", "b").await;
    let foreign = bobs.expect("notification").await.id.unwrap();
    let parts: Vec<&str> = foreign.split('.').collect();
    let beyond = Stream::open(&server, "ann", None).await;
    drop(beyond);
    for (cursor, reason) in [
        (foreign.as_str(), "foreign"),
        ("garbage", "unknown"),
        ("1700000000000", "unknown"),
        (&format!("00000000.{}.0.0", parts[1]), "epoch"),
    ] {
        let mut stream = Stream::open(&server, "ann", Some(cursor)).await;
        stream.expect("connected").await;
        assert_eq!(stream.expect("reset").await.data["reason"], reason, "{cursor}");
        notify(&server, "ann", reason).await;
        assert_eq!(stream.expect("notification").await.data["title"], reason);
    }
}

#[tokio::test]
async fn s18_a_stream_is_open_to_its_own_user_only() {
    let server = Server::start(&[]).await;
    let url = server.url("/api/v1/notifications/stream/ann");
    let client = client();
    assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&url).bearer_auth(token("eve")).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn read_state_is_told_to_the_users_other_streams() {
    let server = Server::start(&[]).await;
    let mut stream = Stream::open(&server, "ann", None).await;
    stream.expect("connected").await;
    let first = notify(&server, "ann", "one").await["id"].as_str().unwrap().to_owned();
    notify(&server, "ann", "two").await;
    stream.expect("notification").await;
    stream.expect("notification").await;
    let client = client();
    let act = async |method: reqwest::Method, path: String| {
        let request = client.request(method, server.url(&path)).bearer_auth(token("ann"));
        assert!(request.send().await.unwrap().status().is_success());
    };
    act(reqwest::Method::POST, format!("/api/v1/notifications/{first}/read")).await;
    let state = stream.expect("state").await;
    assert_eq!(state.data, json!({ "ids": [first], "read": true, "unreadCount": 1 }));
    assert_eq!(state.id, None);
    act(reqwest::Method::POST, "/api/v1/notifications/read-all".into()).await;
    assert_eq!(stream.expect("state").await.data, json!({ "all": true, "read": true, "unreadCount": 0 }));
    act(reqwest::Method::DELETE, "/api/v1/notifications".into()).await;
    assert_eq!(stream.expect("state").await.data, json!({ "all": true, "deleted": true, "unreadCount": 0 }));
}

#[tokio::test]
async fn a_websocket_session_that_asked_gets_the_same_objects_with_their_cursor() {
    let server = Server::start(&[]).await;
    let mut plain = server.connect("ann").await;
    let mut ann = server.connect_with(&token("ann"), "&notifications=true").await;
    let sent = notify(&server, "ann", "one").await;
    let mut data = ann.expect("NOTIFICATION", "NOTIFICATION").await;
    let cursor = data.as_object_mut().unwrap().remove("cursor").unwrap();
    assert_eq!(data, sent);
    broadcast(&server, "all").await;
    assert_eq!(ann.expect("NOTIFICATION", "BROADCAST").await["title"], "all");
    assert!(plain.so_far().await.is_empty());
    let mut back = server.connect_with(&token("ann"), "&notifications=true&clientSession=s").await;
    assert!(back.so_far().await.is_empty());
    back.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "notificationsAfter": cursor }))
        .await;
    assert_eq!(back.expect("NOTIFICATION", "BROADCAST").await["title"], "all");
}

/// Nothing comes after it, which would show that it is missing.
#[tokio::test]
async fn a_notification_that_is_sent_while_a_session_catches_up_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    // A log that takes a while to be read.
    let server = Server::start_at(&format!("sqlite://{}", folder.path().join("t.db").display()), &[]).await;
    let mut cursor = Value::Null;
    for n in 0..200 {
        let query = format!("&notifications=true&clientSession=s{n}");
        let mut ann = server.connect_with(&token("ann"), &query).await;
        let epoch = ann.hello["epoch"].clone();
        let mut resume = json!({ "type": "RESUME", "epoch": epoch, "rooms": [] });
        if cursor.is_string() {
            resume["notificationsAfter"] = cursor;
        }
        let title = n.to_string();
        // The resume at any moment of the other's way.
        let later = std::time::Duration::from_micros(n * 20);
        let began = std::time::Instant::now();
        let resumed = async {
            // A timer is too coarse for it.
            while began.elapsed() < later {
                tokio::task::yield_now().await;
            }
            ann.send(resume).await;
            ann.expect("NOTIFICATION", "NOTIFICATION").await
        };
        let (_, heard) = tokio::join!(notify(&server, "ann", &title), resumed);
        assert_eq!(heard["title"], title);
        cursor = heard["cursor"].clone();
    }
}

#[tokio::test]
async fn a_broadcast_is_for_who_was_seen_before_it() {
    let server = Server::start(&[]).await;
    Stream::open(&server, "ann", None).await.expect("connected").await;
    broadcast(&server, "early").await;
    let mut late = Stream::open(&server, "late", None).await;
    late.expect("connected").await;
    broadcast(&server, "later").await;
    assert_eq!(late.expect("broadcast").await.data["title"], "later");
    let mut ann = Stream::open(&server, "ann", None).await;
    ann.expect("connected").await;
    assert_eq!(ann.expect("broadcast").await.data["title"], "early");
}

#[tokio::test]
async fn s17_a_stream_ends_with_its_token() {
    let server = Server::start(&[]).await;
    let claims = json!({ "sub": "ann", "exp": crate::harness::now() + 2 });
    let url =
        server.url(&format!("/api/v1/notifications/stream/ann?token={}", crate::harness::token_with(claims)));
    let body = tokio::time::timeout(Duration::from_secs(8), reqwest::get(url).await.unwrap().text());
    assert!(body.await.expect("the stream ends").unwrap().contains("event: connected"));
}
