//! Who may do what: every operation of the document, by everybody.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::actor::{Actor, each};
use crate::support::TestServer;

/// Who asks. The owner owns `hall` (public) and `den` (private), the member belongs to both, and the two have
/// spoken directly. The stranger belongs to nothing, nor do the admin, whose token has both scopes, the guest, whose
/// token is for `den` alone, the bot, whose token may notify, and the banned, whose token is good.
const ROLES: [&str; 8] = ["anonymous", "stranger", "member", "owner", "admin", "guest", "bot", "banned"];

/// An operation, an example of it with its body, and the status that each role gets.
type Row = (&'static str, &'static str, &'static str, Option<Value>, [u16; 8]);

const EVERYBODY: [u16; 8] = [200; 8];
const SIGNED_IN: [u16; 8] = [401, 200, 200, 200, 200, 200, 200, 403];
const SIGNED_IN_DONE: [u16; 8] = [401, 204, 204, 204, 204, 204, 204, 403];
const MEMBERS: [u16; 8] = [401, 403, 200, 200, 403, 403, 403, 403];
const OWNER: [u16; 8] = [401, 403, 403, 200, 403, 403, 403, 403];
const OWNER_DONE: [u16; 8] = [401, 403, 403, 204, 403, 403, 403, 403];
const OWN_NOTIFICATION: [u16; 8] = [401, 404, 404, 204, 404, 404, 404, 403];
const NOBODY: [u16; 8] = [401, 403, 403, 403, 403, 403, 403, 403];
/// The public room, which the guest's token leaves out.
const HALL: [u16; 8] = [401, 200, 200, 200, 200, 403, 200, 403];
/// The private room, to which the guest's token admits.
const DEN: [u16; 8] = [401, 403, 200, 200, 403, 200, 403, 403];
const NOTIFY: [u16; 8] = [401, 403, 403, 403, 200, 403, 200, 403];
const SCOPE: [u16; 8] = [401, 403, 403, 403, 200, 403, 403, 403];

/// Operations whose answer does not end, or is no HTTP: their scenarios stand elsewhere.
const STREAMS: [&str; 3] =
    ["GET /ws/chat", "GET /api/v1/notifications/stream/{userId}", "POST /api/v1/realtime/stream"];

/// `{den}` is the private room, `{direct}` the room of owner and member, `{notification}` one of the owner's.
fn table() -> Vec<Row> {
    let room = "/api/v1/rooms/{roomId}";
    let members = "/api/v1/rooms/{roomId}/members";
    let member = "/api/v1/rooms/{roomId}/members/{userId}";
    let participants = "/api/v1/rooms/{roomId}/participants";
    let messages = "/api/v1/rooms/{roomId}/messages";
    let log = "/api/v1/rooms/{roomId}/log";
    let notification = json!({ "userId": "owner", "title": "t", "message": "m", "type": "x" });
    let broadcast = json!({ "title": "t", "message": "m", "type": "x" });
    let renamed = || Some(json!({ "name": "renamed" }));
    let session = json!({ "clientSession": "tab", "frames": [] });
    let wait = json!({ "clientSession": "tab", "rooms": [], "inboxAfter": 0, "waitMs": 0 });
    vec![
        ("GET", "/api/v1/rooms", "/api/v1/rooms", None, SIGNED_IN),
        ("GET", "/api/v1/rooms", "/api/v1/rooms?scope=public", None, SIGNED_IN),
        (
            "POST",
            "/api/v1/rooms",
            "/api/v1/rooms",
            Some(json!({ "roomId": "new", "kind": "private" })),
            [401, 201, 201, 201, 201, 403, 201, 403],
        ),
        (
            "POST",
            "/api/v1/rooms",
            "/api/v1/rooms",
            Some(json!({ "roomId": "hall", "kind": "public" })),
            [401, 409, 409, 409, 409, 403, 409, 403],
        ),
        (
            "POST",
            "/api/v1/rooms",
            "/api/v1/rooms",
            Some(json!({ "roomId": "direct:mine", "kind": "public" })),
            NOBODY,
        ),
        ("GET", room, "/api/v1/rooms/hall", None, HALL),
        ("GET", room, "/api/v1/rooms/den", None, DEN),
        ("GET", room, "/api/v1/rooms/{direct}", None, MEMBERS),
        ("GET", room, "/api/v1/rooms/absent", None, NOBODY),
        ("PATCH", room, "/api/v1/rooms/hall", renamed(), OWNER),
        ("PATCH", room, "/api/v1/rooms/den", renamed(), OWNER),
        ("PATCH", room, "/api/v1/rooms/{direct}", renamed(), NOBODY),
        ("PATCH", room, "/api/v1/rooms/absent", renamed(), NOBODY),
        ("GET", members, "/api/v1/rooms/hall/members", None, HALL),
        ("GET", members, "/api/v1/rooms/den/members", None, DEN),
        ("GET", members, "/api/v1/rooms/{direct}/members", None, MEMBERS),
        ("GET", members, "/api/v1/rooms/absent/members", None, NOBODY),
        ("PUT", member, "/api/v1/rooms/hall/members/invited", None, OWNER_DONE),
        ("PUT", member, "/api/v1/rooms/den/members/invited", None, OWNER_DONE),
        ("PUT", member, "/api/v1/rooms/{direct}/members/invited", None, NOBODY),
        ("PUT", member, "/api/v1/rooms/absent/members/invited", None, NOBODY),
        ("DELETE", member, "/api/v1/rooms/hall/members/other", None, OWNER_DONE),
        ("DELETE", member, "/api/v1/rooms/den/members/other", None, OWNER_DONE),
        ("DELETE", member, "/api/v1/rooms/{direct}/members/member", None, NOBODY),
        ("DELETE", member, "/api/v1/rooms/absent/members/other", None, NOBODY),
        ("GET", participants, "/api/v1/rooms/hall/participants", None, HALL),
        ("GET", participants, "/api/v1/rooms/den/participants", None, DEN),
        ("GET", participants, "/api/v1/rooms/absent/participants", None, NOBODY),
        ("GET", messages, "/api/v1/rooms/hall/messages", None, HALL),
        ("GET", messages, "/api/v1/rooms/den/messages", None, DEN),
        ("GET", messages, "/api/v1/rooms/{direct}/messages", None, MEMBERS),
        ("GET", messages, "/api/v1/rooms/absent/messages", None, NOBODY),
        ("GET", "/api/v1/direct/{userId}/messages", "/api/v1/direct/owner/messages", None, SIGNED_IN),
        ("GET", log, "/api/v1/rooms/hall/log", None, HALL),
        ("GET", log, "/api/v1/rooms/den/log", None, DEN),
        ("GET", log, "/api/v1/rooms/{direct}/log", None, MEMBERS),
        ("GET", log, "/api/v1/rooms/absent/log", None, NOBODY),
        ("GET", "/api/v1/inbox", "/api/v1/inbox", None, SIGNED_IN),
        ("GET", "/api/v1/search", "/api/v1/search?q=secret", None, SIGNED_IN),
        ("GET", "/api/v1/search", "/api/v1/search?q=secret&roomId=hall", None, HALL),
        ("GET", "/api/v1/search", "/api/v1/search?q=secret&roomId=den", None, DEN),
        ("GET", "/api/v1/search", "/api/v1/search?q=secret&roomId={direct}", None, MEMBERS),
        ("GET", "/api/v1/search", "/api/v1/search?q=secret&roomId=absent", None, NOBODY),
        ("GET", "/api/v1/users", "/api/v1/users?q=o", None, SIGNED_IN),
        ("POST", "/api/v1/notifications/send", "/api/v1/notifications/send", Some(notification), NOTIFY),
        (
            "POST",
            "/api/v1/notifications/send",
            "/api/v1/notifications/send",
            Some(json!({})),
            [401, 403, 403, 403, 400, 403, 400, 403],
        ),
        (
            "POST",
            "/api/v1/notifications/broadcast",
            "/api/v1/notifications/broadcast",
            Some(broadcast),
            NOTIFY,
        ),
        ("GET", "/api/v1/notifications/status", "/api/v1/notifications/status", None, SCOPE),
        ("GET", "/api/v1/notifications", "/api/v1/notifications", None, SIGNED_IN),
        (
            "POST",
            "/api/v1/notifications/{id}/read",
            "/api/v1/notifications/{notification}/read",
            None,
            OWN_NOTIFICATION,
        ),
        ("POST", "/api/v1/notifications/read-all", "/api/v1/notifications/read-all", None, SIGNED_IN_DONE),
        (
            "DELETE",
            "/api/v1/notifications/{id}",
            "/api/v1/notifications/{notification}",
            None,
            OWN_NOTIFICATION,
        ),
        ("DELETE", "/api/v1/notifications", "/api/v1/notifications", None, SIGNED_IN_DONE),
        ("POST", "/api/v1/auth/ticket", "/api/v1/auth/ticket", None, SIGNED_IN),
        ("POST", "/api/v1/auth/login", "/api/v1/auth/login", Some(json!({ "userId": "zoe" })), EVERYBODY),
        ("POST", "/api/v1/auth/session", "/api/v1/auth/session", None, SIGNED_IN_DONE),
        ("DELETE", "/api/v1/auth/session", "/api/v1/auth/session", None, [204; 8]),
        ("POST", "/api/v1/realtime/frames", "/api/v1/realtime/frames", Some(session), SIGNED_IN),
        ("POST", "/api/v1/realtime/poll", "/api/v1/realtime/poll", Some(wait), SIGNED_IN),
        ("GET", "/healthz", "/healthz", None, EVERYBODY),
        ("GET", "/readyz", "/readyz", None, EVERYBODY),
        ("GET", "/api/v1/openapi.json", "/api/v1/openapi.json", None, EVERYBODY),
    ]
}

/// A server of the table's world, and what its placeholders stand for.
async fn world() -> (TestServer, String, String) {
    let server = TestServer::start(&[]).await;
    let owner = Actor::new(&server, "owner");
    owner.create("hall", "public", &["member", "other"]).await;
    owner.create("den", "private", &["member", "other"]).await;
    owner.say("den", "a secret").await;
    let direct = owner.whisper("member", "another secret").await["roomId"].as_str().unwrap().to_owned();
    let admin = Actor::scoped(&server, "admin", "notify admin");
    let body = json!({ "userId": "owner", "title": "t", "message": "m", "type": "x" });
    let sent = admin.post("/api/v1/notifications/send", body).await.expect(200);
    let notification = sent["id"].as_str().unwrap().to_owned();
    assert_eq!(server.admin("PUT", "/bans/banned", Some(json!({}))).await.status(), 200);
    (server, direct, notification)
}

#[tokio::test]
async fn s21_every_operation_is_open_to_whom_the_table_says_and_to_nobody_else() {
    for (at, role) in ROLES.into_iter().enumerate() {
        let (server, direct, notification) = world().await;
        let actor = match role {
            "anonymous" => Actor::anonymous(&server),
            "admin" => Actor::scoped(&server, "admin", "notify admin"),
            "guest" => Actor::confined(&server, "guest", &["den"]),
            "bot" => Actor::scoped(&server, "bot", "notify"),
            user => Actor::new(&server, user),
        };
        for (method, _, example, body, expected) in table() {
            let path = example.replace("{direct}", &direct).replace("{notification}", &notification);
            let answer = actor.call(method, &path, body.as_ref()).await;
            assert_eq!(answer.status, expected[at], "{role}: {method} {path}: {}", answer.body);
            if answer.status >= 400 {
                assert_eq!(answer.content_type, "application/problem+json", "{role}: {method} {path}");
                assert!(
                    !answer.body.to_string().contains("secret"),
                    "{role}: {method} {path}: {}",
                    answer.body
                );
            }
        }
    }
}

#[tokio::test]
async fn s21_no_operation_is_without_a_row_in_the_table() {
    let server = TestServer::start(&[]).await;
    let document = Actor::anonymous(&server).get("/api/v1/openapi.json").await.expect(200);
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let rows = table().into_iter().map(|(method, path, ..)| format!("{method} {path}"));
    let covered: BTreeSet<String> = rows.chain(STREAMS.map(str::to_owned)).collect();
    assert_eq!(covered, documented);
}

#[tokio::test]
async fn s20_a_token_for_some_rooms_reaches_no_others() {
    let server = TestServer::start(&[]).await;
    let owner = Actor::new(&server, "owner");
    for (room, kind) in
        [("team:a", "public"), ("team:b", "private"), ("team:c", "public"), ("other", "public")]
    {
        owner.create(room, kind, &["guest"]).await;
        owner.say(room, "needle").await;
    }
    owner.whisper("guest", "needle").await;
    let guest = Actor::confined(&server, "guest", &["team:*"]);

    let rooms = guest.get("/api/v1/rooms?scope=public&limit=1").await.expect(200);
    assert_eq!((each(&rooms["rooms"], "roomId"), &rooms["hasMore"]), (vec![&json!("team:a")], &json!(true)));
    let rooms = guest.get("/api/v1/rooms?scope=public&limit=1&after=team:a").await.expect(200);
    assert_eq!((each(&rooms["rooms"], "roomId"), &rooms["hasMore"]), (vec![&json!("team:c")], &json!(false)));

    let mine = guest.get("/api/v1/rooms").await.expect(200);
    let kinds = each(&mine["rooms"], "kind");
    assert_eq!(kinds, ["direct", "public", "private", "public"], "{mine}");
    let found = guest.get("/api/v1/search?q=needle&limit=4").await.expect(200);
    assert_eq!(found["messages"].as_array().unwrap().len(), 4);
    assert_eq!(found["hasMore"], false);
    assert!(!each(&found["messages"], "roomId").contains(&&json!("other")), "{found}");

    let outside = json!({ "roomId": "elsewhere", "kind": "public" });
    guest.post("/api/v1/rooms", outside).await.refused(403, "FORBIDDEN");
    guest.get("/api/v1/rooms/other/messages").await.refused(403, "NOT_A_MEMBER");
    guest.get("/api/v1/search?q=needle&roomId=other").await.refused(403, "NOT_A_MEMBER");
    guest.delete("/api/v1/rooms/other/members/guest").await.refused(403, "NOT_A_MEMBER");
}

#[tokio::test]
async fn a_token_lets_its_user_read_a_private_room_without_being_a_member() {
    let server = TestServer::start(&[]).await;
    let owner = Actor::new(&server, "owner");
    owner.create("team:b", "private", &[]).await;
    owner.say("team:b", "welcome").await;
    let guest = Actor::confined(&server, "guest", &["team:b"]);
    let room = guest.get("/api/v1/rooms/team:b").await.expect(200);
    assert_eq!((&room["headSeq"], &room["unread"], &room["members"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(room["lastMessage"]["content"], "welcome");
    let page = guest.get("/api/v1/rooms/team:b/messages").await.expect(200);
    assert_eq!(each(&page["messages"], "content"), ["welcome"]);
    guest.patch("/api/v1/rooms/team:b", json!({ "name": "mine" })).await.refused(403, "NOT_A_MEMBER");
    assert_eq!(guest.get("/api/v1/rooms").await.expect(200)["rooms"], json!([]));
}
