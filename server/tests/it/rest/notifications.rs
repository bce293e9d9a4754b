//! Sending notifications and keeping their read state.

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::actor::{Actor, durable, each};
use crate::support::TestServer;

fn hello(id: Option<&str>) -> Value {
    let mut body = json!({ "userId": "ann", "title": "Hello", "message": "World", "type": "greeting" });
    if let Some(id) = id {
        body["id"] = json!(id);
    }
    body
}

const SEND: &str = "/api/v1/notifications/send";
const BROADCAST: &str = "/api/v1/notifications/broadcast";
const LIST: &str = "/api/v1/notifications";

#[tokio::test]
async fn sending_again_under_the_same_id_sends_once() {
    let (server, _directory) = durable().await;
    let (bot, ann) = (Actor::scoped(&server, "bot", "notify"), Actor::new(&server, "ann"));
    let first = bot.post(SEND, hello(Some("n-1"))).await.expect(200);
    assert_eq!(first["userId"], "ann");
    assert_eq!((&first["read"], &first["data"]), (&json!(false), &json!({})));
    let again = bot.post(SEND, hello(Some("n-1"))).await.expect(200);
    assert_eq!(first, again);
    let mut other = hello(Some("n-1"));
    other["title"] = json!("Something else");
    bot.post(SEND, other).await.refused(409, "CONFLICT");
    // Another sender's id is another id, and without one every sending counts.
    Actor::scoped(&server, "bot-2", "notify").post(SEND, hello(Some("n-1"))).await.expect(200);
    bot.post(SEND, hello(None)).await.expect(200);
    let list = ann.get(LIST).await.expect(200);
    assert_eq!((list["notifications"].as_array().unwrap().len(), &list["unreadCount"]), (3, &json!(3)));
    assert_eq!(list["notifications"][2], first, "the newest comes first");
}

#[tokio::test]
async fn a_broadcast_is_stored_once_and_stands_in_no_list() {
    let (server, _directory) = durable().await;
    let (bot, ann) = (Actor::scoped(&server, "bot", "notify"), Actor::new(&server, "ann"));
    let body = json!({ "title": "Maintenance", "message": "At noon", "type": "system", "id": "b-1" });
    let first = bot.post(BROADCAST, body.clone()).await.expect(200);
    assert_eq!((&first["title"], first["createdAt"].is_string()), (&json!("Maintenance"), true));
    assert_eq!(bot.post(BROADCAST, body).await.expect(200), first);
    let other = json!({ "title": "Other", "message": "", "type": "system", "id": "b-1" });
    bot.post(BROADCAST, other).await.refused(409, "CONFLICT");
    let list = ann.get(LIST).await.expect(200);
    assert_eq!(list, json!({ "notifications": [], "unreadCount": 0, "hasMore": false }));
}

#[tokio::test]
async fn read_state_is_the_users_own() {
    let (server, _directory) = durable().await;
    let bot = Actor::scoped(&server, "bot", "notify");
    let (ann, eve) = (Actor::new(&server, "ann"), Actor::new(&server, "eve"));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let sent = bot.post(SEND, hello(None)).await.expect(200);
        ids.push(sent["id"].as_str().unwrap().to_owned());
    }
    let unread = async || {
        let list = ann.get(&format!("{LIST}?unread=true")).await.expect(200);
        let listed = list["notifications"].as_array().unwrap().len() as u64;
        assert_eq!(list["unreadCount"], listed);
        listed
    };
    let read = |id: &str| format!("{LIST}/{id}/read");
    assert_eq!(unread().await, 3);
    eve.call("POST", &read(&ids[0]), None).await.refused(404, "NOT_FOUND");
    eve.delete(&format!("{LIST}/{}", ids[0])).await.refused(404, "NOT_FOUND");
    assert_eq!(unread().await, 3);
    ann.call("POST", &read(&ids[0]), None).await.expect(204);
    ann.call("POST", &read(&ids[0]), None).await.expect(204);
    assert_eq!(unread().await, 2);
    ann.delete(&format!("{LIST}/{}", ids[1])).await.expect(204);
    assert_eq!(unread().await, 1);
    ann.call("POST", &read(&ids[1]), None).await.refused(404, "NOT_FOUND");
    ann.call("POST", &format!("{LIST}/read-all"), None).await.expect(204);
    assert_eq!(unread().await, 0);
    assert_eq!(ann.get(LIST).await.expect(200)["notifications"].as_array().unwrap().len(), 2);
    ann.delete(LIST).await.expect(204);
    assert_eq!(ann.get(LIST).await.expect(200)["notifications"], json!([]));
    ann.call("POST", &read("no such one"), None).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn notifications_are_listed_page_by_page() {
    let (server, _directory) = durable().await;
    let (bot, ann) = (Actor::scoped(&server, "bot", "notify"), Actor::new(&server, "ann"));
    let mut sent = Vec::new();
    for _ in 0..5 {
        sent.insert(0, bot.post(SEND, hello(None)).await.expect(200)["id"].clone());
    }
    let (mut before, mut seen) = (String::new(), Vec::new());
    loop {
        let page = ann.get(&format!("{LIST}?limit=2&before={before}")).await.expect(200);
        assert_eq!(page["unreadCount"], 5, "of all, not of the page");
        seen.extend(each(&page["notifications"], "id").into_iter().cloned());
        if page["hasMore"] == false {
            break;
        }
        before = seen.last().unwrap().as_str().unwrap().to_owned();
    }
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn a_notification_keeps_to_its_bounds() {
    let (server, _directory) = durable().await;
    let bot = Actor::scoped(&server, "bot", "notify");
    let refused = async |field: &str, value: Value, status: u16, code: &str| {
        let mut body = hello(None);
        body[field] = value;
        let problem = bot.post(SEND, body).await.refused(status, code);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(&format!("{field}: ")), "{detail}");
    };
    refused("title", json!(""), 400, "INVALID_FRAME").await;
    refused("title", json!("x".repeat(257)), 413, "TOO_LARGE").await;
    refused("message", json!("x".repeat(16_385)), 413, "TOO_LARGE").await;
    refused("type", json!(""), 400, "INVALID_FRAME").await;
    refused("type", json!("x".repeat(65)), 413, "TOO_LARGE").await;
    refused("data", json!({ "k": "x".repeat(16_384) }), 413, "TOO_LARGE").await;
    refused("data", json!([1]), 400, "INVALID_FRAME").await;
    refused("userId", json!("two words"), 400, "INVALID_FRAME").await;
    refused("id", json!("x".repeat(65)), 400, "INVALID_FRAME").await;

    let mut full = hello(None);
    full["title"] = json!("x".repeat(256));
    full["message"] = json!("\u{1}".repeat(16_384));
    full["data"] = json!({ "k": "x".repeat(16_000) });
    let stored = bot.post(SEND, full.clone()).await.expect(200);
    assert_eq!((&stored["message"], &stored["data"]), (&full["message"], &full["data"]));
}

#[tokio::test]
async fn status_tells_who_is_connected() {
    let server = TestServer::start(&["--node-id", "node-7"]).await;
    let admin = Actor::scoped(&server, "root", "admin");
    let path = "/api/v1/notifications/status";
    let nobody = json!({ "connectedUsers": 0, "users": [], "nodes": ["node-7"] });
    assert_eq!(admin.get(path).await.expect(200), nobody);
    let query = |user: &str| format!("?token={}", crate::support::jwt::token(user));
    let mut sockets = Vec::new();
    for user in ["bob", "ann", "ann"] {
        let mut socket = server.open(&query(user), &[]).await.unwrap();
        // Who has been greeted is connected.
        socket.next().await;
        sockets.push(socket);
    }
    let status = admin.get(path).await.expect(200);
    assert_eq!((&status["connectedUsers"], &status["users"]), (&json!(2), &json!(["ann", "bob"])));
}
