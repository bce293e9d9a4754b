//! The fallback transports: the same frames over plain HTTP.

use std::pin::Pin;

use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, token};
use crate::support::client;

pub(super) async fn request(server: &Server, user: &str, path: &str, body: Value) -> reqwest::Response {
    let url = server.url(&format!("/api/v1/realtime/{path}"));
    let request = client().post(url).bearer_auth(token(user)).json(&body);
    tokio::time::timeout(PATIENCE, request.send()).await.unwrap().unwrap()
}

async fn frames(server: &Server, user: &str, frames: Value) -> Vec<Value> {
    let body = json!({ "clientSession": format!("page-of-{user}"), "frames": frames });
    let response = request(server, user, "frames", body).await;
    assert_eq!(response.status(), 200);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    body["frames"].as_array().unwrap().clone()
}

async fn poll(server: &Server, user: &str, rooms: Value, wait_ms: u64) -> Vec<Value> {
    let body = json!({
        "clientSession": format!("page-of-{user}"), "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0,
        "waitMs": wait_ms
    });
    let response = request(server, user, "poll", body).await;
    assert_eq!(response.status(), 200);
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    body["frames"].as_array().unwrap().clone()
}

fn chat(id: &str, content: &str) -> Value {
    json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "content": content })
}

#[tokio::test]
async fn frames_in_a_body_are_answered_in_order_each_by_its_id() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let body = json!([
        { "type": "CHAT_MESSAGE", "roomId": "general", "id": "early", "content": "x" },
        { "type": "JOIN_ROOM", "roomId": "general", "id": "j" },
        chat("m1", "one"),
        { "type": "NONSENSE", "id": "n" },
        chat("m2", "two"),
        { "type": "CHAT_MESSAGE", "roomId": "general", "content": "without an id" },
        { "type": "RESUME", "rooms": [], "id": "r" },
        { "type": "PING", "id": "p" },
    ]);
    let answers = frames(&server, "bob", body).await;
    let ids: Vec<_> = answers.iter().map(|f| f["data"]["id"].as_str()).collect();
    assert_eq!(
        ids,
        [Some("early"), Some("j"), Some("m1"), Some("n"), Some("m2"), None, Some("r"), Some("p")]
    );
    let kinds: Vec<_> =
        answers.iter().map(|f| f["data"]["code"].as_str().unwrap_or(f["type"].as_str().unwrap())).collect();
    assert_eq!(
        kinds,
        ["NOT_A_MEMBER", "ACK", "ACK", "UNKNOWN_TYPE", "ACK", "INVALID_FRAME", "INVALID_FRAME", "PONG"]
    );
    assert_eq!((&answers[2]["data"]["seq"], &answers[4]["data"]["seq"]), (&json!(1), &json!(2)));
    assert_eq!(ann.message().await["content"], "one");
    let again = frames(&server, "bob", json!([chat("m1", "one")])).await;
    assert_eq!(again[0]["data"]["duplicate"], true);
}

#[tokio::test]
async fn a_poll_answers_as_soon_as_there_is_something() {
    let server = Server::start(&[]).await;
    frames(&server, "bob", json!([{ "type": "JOIN_ROOM", "roomId": "general", "id": "j" }])).await;
    let first = poll(&server, "bob", json!([{ "roomId": "general" }]), 0).await;
    assert_eq!(first.len(), 1, "{first:?}");
    assert_eq!(first[0]["type"], "ROOM_PARTICIPANTS");
    let head = first[0]["data"]["headSeq"].clone();
    let position = json!([{ "roomId": "general", "afterSeq": head }]);
    assert_eq!(poll(&server, "bob", position.clone(), 50).await, Vec::<Value>::new());
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let (news, _) = tokio::join!(poll(&server, "bob", position, 20_000), ann.say("general", "1", "hello"));
    let messages: Vec<Value> = news.into_iter().filter(|f| f["type"] == "MESSAGE").collect();
    assert_eq!(messages[0]["data"]["content"], "hello");
}

#[tokio::test]
async fn polls_miss_nothing_and_repeat_nothing() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    frames(&server, "bob", json!([{ "type": "JOIN_ROOM", "roomId": "general", "id": "j" }])).await;
    let (mut last, mut seen) = (0, Vec::new());
    for n in 1..=300_u64 {
        ann.send(chat(&n.to_string(), "x")).await;
        if n.is_multiple_of(37) {
            let news = poll(&server, "bob", json!([{ "roomId": "general", "afterSeq": last }]), 0).await;
            seen.extend(news.iter().filter_map(|f| f["data"]["seq"].as_u64()));
            last = seen.last().copied().unwrap_or(last);
        }
    }
    ann.answer("300").await;
    let news = poll(&server, "bob", json!([{ "roomId": "general", "afterSeq": last }]), 0).await;
    seen.extend(news.iter().filter_map(|f| f["data"]["seq"].as_u64()));
    assert_eq!(seen, (1..=300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_catches_up_and_goes_on_live() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    for n in 1..=3 {
        ann.say("general", &n.to_string(), "x").await;
    }
    let body = json!({
        "clientSession": "s", "epoch": "test-epoch", "rooms": [{ "roomId": "general", "afterSeq": 1 }], "inboxAfter": 0
    });
    let response = request(&server, "bob", "stream", body).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = Frames::of(response);
    assert_eq!(stream.next().await["type"], "CONNECTION_ESTABLISHED");
    assert_eq!(stream.next().await["data"]["replayFrom"], 2);
    for seq in 2..=3 {
        assert_eq!(stream.next().await["data"]["seq"], seq);
    }
    ann.say("general", "4", "live").await;
    assert_eq!(stream.next().await["data"]["content"], "live");
}

#[tokio::test]
async fn a_newer_request_of_the_same_client_session_takes_over() {
    let server = Server::start(&[]).await;
    let body = json!({ "clientSession": "s", "epoch": "test-epoch", "rooms": [], "inboxAfter": 0, "waitMs": 20_000 });
    let (first, second) = tokio::join!(request(&server, "bob", "poll", body.clone()), async {
        // The first must be there before the second can take over.
        loop {
            let url = server.url("/api/v1/notifications/status");
            let status = client().get(url).bearer_auth(crate::harness::admin_token("root")).send().await;
            if status.unwrap().text().await.unwrap().contains("bob") {
                break;
            }
        }
        let mut last = body.clone();
        last["waitMs"] = 0.into();
        request(&server, "bob", "poll", last).await
    });
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (409, 200));
}

#[tokio::test]
async fn a_poll_that_names_another_epoch_is_greeted_and_told_what_it_lost() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    ann.say("general", "1", "hello").await;
    let body = json!({
        "clientSession": "s", "epoch": "another-epoch", "rooms": [{ "roomId": "general", "afterSeq": 7 }],
        "inboxAfter": 3, "waitMs": 0
    });
    let response = request(&server, "bob", "poll", body).await;
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let frames = body["frames"].as_array().unwrap();
    assert_eq!(frames[0]["data"]["epoch"], "test-epoch", "{frames:?}");
    let kinds: Vec<_> = frames.iter().map(|f| f["type"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"ROOM_PARTICIPANTS") && kinds.contains(&"GAP"), "{kinds:?}");
}

#[tokio::test]
async fn a_stream_says_why_it_ends() {
    let server = Server::start(&[]).await;
    let body = json!({ "clientSession": "s", "epoch": "test-epoch", "rooms": [], "inboxAfter": 0 });
    let old = request(&server, "bob", "stream", body.clone()).await;
    let _new = request(&server, "bob", "stream", body).await;
    let text = tokio::time::timeout(PATIENCE, old.text()).await.unwrap().unwrap();
    assert!(text.ends_with("event: close\ndata: {\"code\":4009}\n\n"), "{text}");
}

#[tokio::test]
async fn a_stream_that_is_cut_with_frames_on_their_way_says_why_too() {
    let server = Server::start(&["--max-frames-per-second", "100000", "--frame-burst", "100000"]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    // More than the system takes for a client that does not read.
    let long = "x".repeat(16_000);
    for n in 0..1_000 {
        ann.say("general", &format!("m{n}"), &long).await;
    }
    frames(&server, "bob", json!([{ "type": "JOIN_ROOM", "roomId": "general", "id": "j" }])).await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 0 }]);
    let body = json!({ "clientSession": "s", "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0 });
    let old = request(&server, "bob", "stream", body.clone()).await;
    let _new = request(&server, "bob", "stream", body).await;
    let text = tokio::time::timeout(PATIENCE, old.text()).await.unwrap().unwrap();
    assert!(text.matches("event: frame").count() < 1_000, "the rest is not sent");
    assert!(text.ends_with("event: close\ndata: {\"code\":4009}\n\n"), "{}", &text[text.len() - 100..]);
}

#[tokio::test]
async fn leaving_by_a_request_ends_the_membership() {
    let server = Server::start(&[]).await;
    let leave = json!([
        { "type": "JOIN_ROOM", "roomId": "general", "id": "j" },
        { "type": "LEAVE_ROOM", "roomId": "general", "id": "l" },
        chat("m", "x"),
    ]);
    let answers = frames(&server, "bob", leave).await;
    assert_eq!(answers[1]["type"], "ACK");
    assert_eq!(answers[2]["data"]["code"], "NOT_A_MEMBER");
}

#[tokio::test]
async fn a_body_is_one_text_of_json_and_nothing_behind_it() {
    let server = Server::start(&[]).await;
    for path in ["frames", "poll", "stream"] {
        let whole = r#"{"clientSession":"page","frames":[]}"#;
        for (body, status) in
            [(whole.to_owned(), 200), (format!("{whole} {{}}"), 400), (format!("{whole}]"), 400)]
        {
            let url = server.url(&format!("/api/v1/realtime/{path}"));
            let request = client().post(url).bearer_auth(token("ann")).body(body.clone());
            assert_eq!(request.send().await.unwrap().status(), status, "{path}: {body}");
        }
    }
}

pub(super) struct Frames {
    body: Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Frames {
    pub(super) fn of(response: reqwest::Response) -> Self {
        Self { body: Box::pin(response.bytes_stream()), text: String::new() }
    }

    pub(super) async fn next(&mut self) -> Value {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let data = block
                    .lines()
                    .find_map(|l| l.strip_prefix("data:"))
                    .map(|d| serde_json::from_str(d).unwrap());
                self.text = rest.to_owned();
                match data {
                    Some(data) => return data,
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("a frame in time");
            self.text.push_str(std::str::from_utf8(&chunk.expect("the stream goes on").unwrap()).unwrap());
        }
    }
}

#[tokio::test]
async fn a_poll_beside_shows_nobody_and_makes_nobody_a_member() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let beside = async || {
        let rooms = json!([{ "roomId": "general" }]);
        let body = json!({ "clientSession": "page+", "rooms": rooms, "waitMs": 0, "aside": true });
        let answer = request(&server, "bob", "poll", body).await.text().await.unwrap();
        serde_json::from_str::<Value>(&answer).unwrap()["frames"].as_array().unwrap().clone()
    };
    let told = beside().await;
    assert!(told.iter().any(|frame| frame["data"]["code"] == "NOT_A_MEMBER"), "{told:?}");

    let mut bob = server.connect("bob").await;
    bob.join("general").await;
    bob.send(json!({ "type": "PRESENCE", "status": "away", "id": "p" })).await;
    bob.answer("p").await;
    while ann.expect("SYSTEM", "PRESENCE").await["status"] != "away" {}
    ann.so_far().await;
    let told = beside().await;
    let found = told.iter().find(|frame| frame["type"] == "ROOM_PARTICIPANTS").unwrap();
    assert_eq!(found["data"]["people"][1]["status"], "away");
    assert!(ann.so_far().await.is_empty(), "nobody has come, or shows something else");
    bob.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    bob.answer("l").await;
    let told = beside().await;
    assert!(told.iter().any(|frame| frame["data"]["code"] == "NOT_A_MEMBER"), "{told:?}");
}
