//! The admin API: on the metrics listener alone, for bearer tokens of scope `admin` alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidings_server::http::admin::OPERATIONS;

use super::revocation::time_of;
use crate::support::jwt::{self, scoped, token};
use crate::support::{TestServer, client};

/// An operation, an example of it with its body, and what an administrator is answered.
type Row = (&'static str, &'static str, &'static str, Option<Value>, u16);

fn table() -> Vec<Row> {
    let (ban, revoked) = (json!({}), json!({ "jti": "t", "exp": jwt::now() + 60 }));
    vec![
        ("POST", "/users/{userId}/disconnect", "/users/ann/disconnect", None, 204),
        ("GET", "/bans", "/bans", None, 200),
        ("GET", "/bans/{userId}", "/bans/ann", None, 404),
        ("PUT", "/bans/{userId}", "/bans/ann", Some(ban), 200),
        ("GET", "/bans/{userId}", "/bans/ann", None, 200),
        ("DELETE", "/bans/{userId}", "/bans/ann", None, 204),
        ("DELETE", "/bans/{userId}", "/bans/ann", None, 404),
        ("POST", "/tokens/revoke", "/tokens/revoke", Some(revoked), 204),
        ("GET", "/sessions", "/sessions", None, 200),
        ("GET", "/sessions/{sessionId}", "/sessions/none", None, 404),
    ]
}

async fn call(url: String, method: &str, body: Option<&Value>, token: Option<&str>) -> reqwest::Response {
    let mut request = client().request(method.parse().unwrap(), url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn s21_the_admin_api_is_for_the_scope_admin_alone() {
    let server = TestServer::start(&[]).await;
    assert_eq!(server.admin("PUT", "/bans/fallen", Some(json!({}))).await.status(), 200);
    for (method, _, path, body, expected) in table() {
        let url = format!("http://{}/api/v1/admin{path}", server.metrics);
        let (user, notify, admin) = (token("eve"), scoped("bot", "notify"), scoped("root", "admin"));
        let banned = scoped("fallen", "admin");
        for (who, token, status) in [
            ("anonymous", None, 401),
            ("a user", Some(user.as_str()), 403),
            ("notify", Some(notify.as_str()), 403),
            ("a banned administrator", Some(banned.as_str()), 403),
            ("admin", Some(admin.as_str()), expected),
        ] {
            let answer = call(url.clone(), method, body.as_ref(), token).await;
            assert_eq!(answer.status(), status, "{who}: {method} {path}");
            if status >= 400 {
                assert_eq!(answer.headers()["content-type"], "application/problem+json");
            }
        }
    }
}

#[test]
fn s21_no_operation_of_the_admin_api_is_without_a_row_in_the_table() {
    let rows = table().into_iter().map(|(method, path, ..)| format!("{method} /api/v1/admin{path}"));
    let routes = OPERATIONS.iter().map(|(method, path)| format!("{} {path}", method.to_uppercase()));
    assert_eq!(rows.collect::<BTreeSet<_>>(), routes.collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn s21_a_token_in_a_url_or_cookie_does_not_administer() {
    let server = TestServer::start(&[]).await;
    let admin = scoped("root", "admin");
    let url = format!("http://{}/api/v1/admin/bans", server.metrics);
    let by_query = client().get(format!("{url}?token={admin}")).send().await.unwrap();
    assert_eq!(by_query.status(), 401);
    let cookie = format!("tidings={admin}");
    let own = format!("http://{}", server.metrics);
    let by_cookie = client().get(&url).header("cookie", cookie).header("origin", own).send().await.unwrap();
    assert_eq!(by_cookie.status(), 401);
}

#[tokio::test]
async fn s27_the_admin_api_is_not_on_the_public_listener() {
    let server = TestServer::start(&[]).await;
    let admin = scoped("root", "admin");
    for (method, _, path, body, _) in table() {
        let url = server.url(&format!("/api/v1/admin{path}"));
        assert_eq!(call(url, method, body.as_ref(), Some(&admin)).await.status(), 404, "{method} {path}");
    }
}

#[tokio::test]
async fn bans_are_listed_page_by_page_and_say_who_why_and_how_long() {
    let server = TestServer::start(&[]).await;
    let until = time_of(jwt::now() + 3600);
    let new = json!({ "until": until, "reason": "spam" });
    let ban: Value = server.admin("PUT", "/bans/bob", Some(new)).await.json().await.unwrap();
    assert_eq!((&ban["userId"], &ban["until"]), (&json!("bob"), &json!(until)));
    assert_eq!((&ban["reason"], &ban["bannedBy"]), (&json!("spam"), &json!("root")));
    assert!(ban["bannedAt"].is_string());
    for user in ["ann", "cat"] {
        server.admin("PUT", &format!("/bans/{user}"), Some(json!({}))).await;
    }
    let page: Value = server.admin("GET", "/bans?limit=2", None).await.json().await.unwrap();
    assert_eq!((&page["bans"][0]["userId"], &page["bans"][1]), (&json!("ann"), &ban));
    assert_eq!(page["hasMore"], true);
    let rest: Value = server.admin("GET", "/bans?after=bob", None).await.json().await.unwrap();
    assert_eq!((&rest["bans"][0]["userId"], &rest["hasMore"]), (&json!("cat"), &json!(false)));
    assert_eq!(server.admin("GET", "/bans/bob", None).await.json::<Value>().await.unwrap(), ban);
}

#[tokio::test]
async fn a_ban_or_revocation_that_makes_no_sense_is_refused() {
    let server = TestServer::start(&[]).await;
    let refused = async |method: &str, path: &str, body: Value, status: u16| {
        let answer = server.admin(method, path, Some(body.clone())).await;
        assert_eq!(answer.status(), status, "{method} {path} {body}");
    };
    refused("PUT", "/bans/ann", json!({ "until": time_of(jwt::now() - 1) }), 400).await;
    refused("PUT", "/bans/ann", json!({ "until": "tomorrow" }), 400).await;
    refused("PUT", "/bans/ann", json!({ "reason": "x".repeat(1_001) }), 400).await;
    refused("PUT", "/bans/two%20words", json!({}), 400).await;
    refused("PUT", "/bans/root", json!({}), 409).await;
    refused("POST", "/tokens/revoke", json!({ "jti": "", "exp": 1 }), 400).await;
    refused("POST", "/tokens/revoke", json!({ "jti": "t" }), 400).await;
    refused("POST", "/tokens/revoke", json!({ "jti": "t", "exp": jwt::now() - 3_600 }), 400).await;
    let bans: Value = server.admin("GET", "/bans", None).await.json().await.unwrap();
    assert_eq!(bans["bans"], json!([]));
}

#[tokio::test]
async fn a_session_is_shown_with_its_transport_queue_and_positions() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let server = TestServer::start(&["--node-id", "n-7"]).await;
    let query = format!("?token={}&clientSession=tab-1&notifications=true", token("ann"));
    let mut socket = server.open(&query, &[]).await.unwrap();
    let resume = json!({ "type": "RESUME", "epoch": "epoch-1", "rooms": [], "id": "r" });
    let join = json!({ "type": "JOIN_ROOM", "roomId": "hall", "id": "j" });
    let message = json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "content": "hi", "id": "m" });
    for frame in [resume, join, message] {
        socket.send(Message::text(frame.to_string())).await.unwrap();
    }
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        if text.contains(r#""content":"hi""#) {
            break;
        }
    }
    let mut other = server.open(&format!("?token={}", token("bob")), &[]).await.unwrap();
    // Who has been greeted is connected.
    other.next().await;
    let page: Value = server.admin("GET", "/sessions?userId=ann", None).await.json().await.unwrap();
    assert_eq!(page["sessions"].as_array().unwrap().len(), 1, "{page}");
    let id = page["sessions"][0]["sessionId"].as_str().unwrap();
    let shown: Value = server.admin("GET", &format!("/sessions/{id}"), None).await.json().await.unwrap();
    assert_eq!((&shown["userId"], &shown["node"]), (&json!("ann"), &json!("n-7")));
    assert_eq!((&shown["transport"], &shown["clientSession"]), (&json!("websocket"), &json!("tab-1")));
    assert_eq!((&shown["chat"], &shown["notifications"]), (&json!(true), &json!(true)));
    assert_eq!(shown["rooms"], json!([{ "roomId": "hall", "seq": 1 }]), "{shown}");
    assert_eq!((&shown["queueBytes"], &shown["unansweredFrames"]), (&json!(0), &json!(0)));
    assert!(shown["since"].is_string() && shown["inboxSeq"] == 0);
    let all: Value = server.admin("GET", "/sessions?limit=1", None).await.json().await.unwrap();
    assert_eq!((&all["sessions"][0]["sessionId"], &all["hasMore"]), (&json!(id), &json!(true)));
    let next: Value = server.admin("GET", &format!("/sessions?after={id}"), None).await.json().await.unwrap();
    assert_eq!(next["sessions"][0]["userId"], "bob");
}
