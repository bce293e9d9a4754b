//! Who may do what by frames: every type of frame, by everybody, over a WebSocket and in the body of a request; and
//! who may open which transport. A new type of frame or transport without a row fails.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tidings_protocol::Command;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::PATIENCE;
use crate::rest::actor::Actor;
use crate::support::jwt::{self, token};
use crate::support::{Socket, TestServer, client};

/// Who sends. The owner owns `hall` (public) and `den` (private), the member belongs to both, the stranger to
/// nothing, and the guest's token is for `den` alone. The banned one belongs to both and has a good token, the anonymous
/// one has none.
const ROLES: [&str; 6] = ["stranger", "member", "owner", "guest", "banned", "anonymous"];

/// A frame without its `id`, and what each role is answered: the type of the answer, or the code of the error.
type Row = (Value, [&'static str; 6]);

const ALL: [&str; 6] = let_in(["ACK"; 4]);
const NOBODY: [&str; 6] = let_in(["NOT_A_MEMBER"; 4]);
const MEMBERS: [&str; 6] = let_in(["NOT_A_MEMBER", "ACK", "ACK", "NOT_A_MEMBER"]);
const SENDER: [&str; 6] = let_in(["NOT_A_MEMBER", "FORBIDDEN", "ACK", "NOT_A_MEMBER"]);

/// A row that says something of the first four roles: the other two are not let in to ask.
const fn let_in([stranger, member, owner, guest]: [&'static str; 4]) -> [&'static str; 6] {
    [stranger, member, owner, guest, "FORBIDDEN", "UNAUTHENTICATED"]
}

/// In this order: what ends a membership comes last. `message` is one of the owner's in `den`.
fn table(role: &str, message: &str) -> Vec<Row> {
    let own = token_of(role);
    vec![
        (json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "content": "x" }), MEMBERS),
        (json!({ "type": "CHAT_MESSAGE", "roomId": "den", "content": "x" }), MEMBERS),
        (json!({ "type": "CHAT_MESSAGE", "roomId": "absent", "content": "x" }), NOBODY),
        (json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "other" } }), ALL),
        (json!({ "type": "TYPING", "roomId": "den", "data": { "isTyping": true } }), MEMBERS),
        (json!({ "type": "TYPING", "roomId": "absent", "data": { "isTyping": true } }), NOBODY),
        (json!({ "type": "REACT", "roomId": "den", "messageId": message, "emoji": "👍" }), MEMBERS),
        (json!({ "type": "REACT", "roomId": "absent", "messageId": message, "emoji": "👍" }), NOBODY),
        (json!({ "type": "READ", "roomId": "den", "seq": 1 }), MEMBERS),
        (json!({ "type": "EDIT_MESSAGE", "roomId": "den", "messageId": message, "content": "y" }), SENDER),
        (json!({ "type": "DELETE_MESSAGE", "roomId": "den", "messageId": message }), SENDER),
        (json!({ "type": "PRESENCE", "status": "away" }), ALL),
        (json!({ "type": "PING" }), let_in(["PONG"; 4])),
        (json!({ "type": "AUTHENTICATE", "token": own }), let_in(["AUTHENTICATED"; 4])),
        (json!({ "type": "AUTHENTICATE", "token": token("somebody") }), let_in(["FORBIDDEN"; 4])),
        (json!({ "type": "AUTHENTICATE", "token": "none" }), let_in(["UNAUTHENTICATED"; 4])),
        (json!({ "type": "JOIN_ROOM", "roomId": "direct:1" }), let_in(["FORBIDDEN"; 4])),
        (json!({ "type": "JOIN_ROOM", "roomId": "den" }), let_in(["FORBIDDEN", "ACK", "ACK", "ACK"])),
        (json!({ "type": "JOIN_ROOM", "roomId": "hall" }), let_in(["ACK", "ACK", "ACK", "FORBIDDEN"])),
        (json!({ "type": "LEAVE_ROOM", "roomId": "absent" }), NOBODY),
        (json!({ "type": "LEAVE_ROOM", "roomId": "den" }), let_in(["NOT_A_MEMBER", "ACK", "ACK", "ACK"])),
    ]
}

/// A frame that only a session has a use for.
fn resume() -> Value {
    json!({ "type": "RESUME", "epoch": "epoch-1", "rooms": [] })
}

fn token_of(role: &str) -> String {
    let mut claims = jwt::claims(role);
    if role == "guest" {
        claims["rooms"] = json!(["den"]);
    }
    jwt::sign(&jwt::header("HS256"), &claims)
}

/// Makes the table's rooms by way of this server, and bans the banned; gives the id of the owner's message in `den`.
async fn furnish(server: &TestServer) -> String {
    let owner = Actor::new(server, "owner");
    owner.create("hall", "public", &["member", "banned"]).await;
    owner.create("den", "private", &["member", "banned"]).await;
    assert_eq!(server.admin("PUT", "/bans/banned", Some(json!({}))).await.status(), 200);
    let said = owner.frame(json!({ "type": "CHAT_MESSAGE", "roomId": "den", "content": "x" })).await;
    said["messageId"].as_str().unwrap().to_owned()
}

/// A query that says who it is.
fn query_of(role: &str) -> String {
    if role == "anonymous" { String::new() } else { format!("?token={}", token_of(role)) }
}

/// What an answer says: its type, or the code of an error.
fn word(frame: &Value) -> &str {
    let word = if frame["category"] == "ERROR" { &frame["data"]["code"] } else { &frame["type"] };
    word.as_str().unwrap()
}

async fn ask(socket: &mut Socket, frame: &Value) -> Value {
    socket.send(Message::text(frame.to_string())).await.unwrap();
    loop {
        let Message::Text(text) = socket.next().await.unwrap().unwrap() else { continue };
        let answer: Value = serde_json::from_str(&text).unwrap();
        if answer["data"]["id"] == frame["id"] {
            return answer;
        }
    }
}

/// Sends every frame of the table over a WebSocket.
async fn hold_to_the_table(server: &TestServer, role: &str, message: &str) {
    let at = ROLES.iter().position(|one| *one == role).unwrap();
    let mut opened = server.open(&query_of(role), &[]).await;
    let rows = table(role, message).into_iter().chain([(resume(), ALL)]);
    for (n, (mut frame, expected)) in rows.enumerate() {
        frame["id"] = json!(format!("f-{n}"));
        match &mut opened {
            Ok(socket) => {
                let answer = ask(socket, &frame).await;
                assert_eq!(word(&answer), expected[at], "{role}: {frame}: {answer}");
            }
            Err(refused) => assert_eq!(refused.code(), expected[at], "{role}: {frame}"),
        }
    }
}

#[tokio::test]
async fn s20_every_frame_over_a_websocket_is_open_to_whom_the_table_says_and_to_nobody_else() {
    for role in ROLES {
        let server = TestServer::start(&[]).await;
        let message = furnish(&server).await;
        hold_to_the_table(&server, role, &message).await;
    }
}

#[tokio::test]
async fn s20_every_frame_on_another_node_is_open_to_whom_the_table_says_and_to_nobody_else() {
    for role in ROLES {
        let [one, other] = TestServer::start_deaf_pair(&[]).await;
        let message = furnish(&one).await;
        // It hears of no ban, and reads of it.
        let until_banned = async {
            while role == "banned" && other.open(&query_of(role), &[]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, until_banned).await.expect("the other node reads of the ban");
        hold_to_the_table(&other, role, &message).await;
    }
}

#[tokio::test]
async fn s20_every_frame_in_a_body_is_open_to_whom_the_table_says_and_to_nobody_else() {
    for (at, role) in ROLES.into_iter().enumerate() {
        let server = TestServer::start(&[]).await;
        let message = furnish(&server).await;
        let bearer = format!("Bearer {}", token_of(role));
        let headers = [("authorization", bearer.as_str())];
        let headers = if role == "anonymous" { &[][..] } else { &headers[..] };
        let rows = table(role, &message).into_iter().chain([(resume(), let_in(["INVALID_FRAME"; 4]))]);
        for (n, (mut frame, expected)) in rows.enumerate() {
            frame["id"] = json!(format!("f-{n}"));
            let body = json!({ "clientSession": "tab", "frames": [frame] });
            let answer = server.post("/api/v1/realtime/frames", &body, headers).await;
            let answer: Value = answer.json().await.unwrap();
            let said = if answer["frames"].is_array() {
                word(&answer["frames"][0])
            } else {
                answer["code"].as_str().unwrap()
            };
            assert_eq!(said, expected[at], "{role}: {frame}: {answer}");
        }
    }
}

#[test]
fn s20_no_frame_is_without_a_row_in_the_table() {
    let rows = table("owner", "m").into_iter().chain([(resume(), ALL)]);
    let covered: BTreeSet<String> = rows.map(|(row, _)| row["type"].as_str().unwrap().to_owned()).collect();
    let known: BTreeSet<String> = Command::TYPES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(covered, known);
}

#[tokio::test]
async fn s20_a_position_in_a_room_opens_it_to_nobody_who_is_not_let_in() {
    let server = TestServer::start(&[]).await;
    furnish(&server).await;
    let mut socket = server.open(&format!("?token={}", token("stranger")), &[]).await.unwrap();
    let rooms = json!([{ "roomId": "den", "afterSeq": 0 }]);
    let frame = json!({ "type": "RESUME", "id": "r", "epoch": "epoch-1", "rooms": rooms });
    socket.send(Message::text(frame.to_string())).await.unwrap();
    let mut said = String::new();
    while !said.contains(r#""id":"r""#) {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            said += &text;
        }
    }
    assert!(said.contains("NOT_A_MEMBER") || said.contains("FORBIDDEN"), "{said}");
    assert!(!said.contains("CHAT"), "{said}");
}

/// Every transport, as the OpenAPI document names it, with the status that each caller gets: nobody, the user, another
/// user, a banned one.
const TRANSPORTS: [(&str, [u16; 4]); 5] = [
    ("GET /ws/chat", [401, 101, 101, 403]),
    ("GET /api/v1/notifications/stream/{userId}", [401, 200, 403, 403]),
    ("POST /api/v1/realtime/stream", [401, 200, 200, 403]),
    ("POST /api/v1/realtime/poll", [401, 200, 200, 403]),
    ("POST /api/v1/realtime/frames", [401, 200, 200, 403]),
];

#[tokio::test]
async fn s21_every_transport_is_open_to_whom_the_table_says_and_to_nobody_else() {
    let server = TestServer::start(&[]).await;
    assert_eq!(server.admin("PUT", "/bans/banned", Some(json!({}))).await.status(), 200);
    let body = json!({
        "clientSession": "tab", "epoch": "epoch-1", "rooms": [], "inboxAfter": 0, "waitMs": 0, "frames": [],
    });
    for (at, caller) in [None, Some("ann"), Some("eve"), Some("banned")].into_iter().enumerate() {
        for (name, expected) in TRANSPORTS {
            let (method, path) = name.split_once(' ').unwrap();
            let url = server.url(&path.replace("{userId}", if at == 3 { "banned" } else { "ann" }));
            let status = if path == "/ws/chat" {
                let query = caller.map(|user| format!("?token={}", token(user))).unwrap_or_default();
                server.open(&query, &[]).await.map_or_else(|refused| refused.status, |_| 101)
            } else {
                let mut request = client().request(method.parse().unwrap(), url);
                if let Some(user) = caller {
                    request = request.bearer_auth(token(user));
                }
                if method == "POST" {
                    request = request.json(&body);
                }
                // The head of a stream's answer is enough.
                request.send().await.unwrap().status().as_u16()
            };
            assert_eq!(status, expected[at], "{caller:?}: {name}");
        }
    }
}

#[tokio::test]
async fn s21_no_transport_is_without_a_row_in_the_table() {
    let server = TestServer::start(&[]).await;
    let document: Value = server.get("/api/v1/openapi.json", &[]).await.json().await.unwrap();
    let carries =
        |path: &str| path.contains("/realtime/") || path.contains("/stream") || path.starts_with("/ws");
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| carries(path)) {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let covered: BTreeSet<String> = TRANSPORTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(covered, documented);
}
