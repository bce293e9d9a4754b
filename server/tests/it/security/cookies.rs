//! The cookie of the server's own page, and the development sign-in.

use serde_json::{Value, json};

use crate::support::jwt::token;
use crate::support::{TestServer, client};

async fn cookie(server: &TestServer) -> String {
    let bearer = format!("Bearer {}", token("ann"));
    let answer = server.post("/api/v1/auth/session", &json!({}), &[("authorization", &bearer)]).await;
    assert_eq!(answer.status(), 204);
    let set = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn s22_a_cookie_counts_only_on_requests_of_the_servers_own_page() {
    let server = TestServer::start(&["--allowed-origins", "https://app.example.com"]).await;
    let cookie = cookie(&server).await;
    let own = server.origin();
    let post = |headers: Vec<(&'static str, String)>| {
        let (cookie, server) = (cookie.clone(), &server);
        async move {
            let mut all: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            all.push(("cookie", &cookie));
            server.post("/api/v1/auth/ticket", &json!({}), &all).await.status().as_u16()
        }
    };
    assert_eq!(post(vec![("origin", own.clone())]).await, 200);
    assert_eq!(post(vec![("sec-fetch-site", "same-origin".into())]).await, 200);
    assert_eq!(post(vec![]).await, 403, "neither header");
    assert_eq!(post(vec![("sec-fetch-site", "cross-site".into())]).await, 403);
    assert_eq!(post(vec![("sec-fetch-site", "same-site".into())]).await, 403);
    assert_eq!(post(vec![("sec-fetch-site", "none".into())]).await, 403);
    assert_eq!(post(vec![("origin", "https://evil.example.com".into())]).await, 403);
    assert_eq!(post(vec![("origin", "null".into())]).await, 403);
    assert_eq!(post(vec![("origin", "https://app.example.com".into())]).await, 403, "listed is not own");
    let both = vec![("origin", "https://evil.example.com".into()), ("sec-fetch-site", "same-origin".into())];
    assert_eq!(post(both).await, 403);
}

#[tokio::test]
async fn s01_a_handshake_with_a_cookie_needs_the_pages_origin() {
    let server = TestServer::start(&[]).await;
    let cookie = cookie(&server).await;
    let own = server.origin();
    assert_eq!(server.open("", &[("cookie", &cookie)]).await.expect_err("no origin").status, 403);
    let foreign = [("cookie", cookie.as_str()), ("origin", "https://evil.example.com")];
    assert_eq!(server.open("", &foreign).await.expect_err("a foreign page").status, 403);
    server.open("", &[("cookie", &cookie), ("origin", &own)]).await.expect("the own page");
}

#[tokio::test]
async fn s02_the_cookie_is_out_of_reach_for_scripts_and_other_sites() {
    let server = TestServer::start_strict(&[]).await;
    let bearer = format!("Bearer {}", token("ann"));
    let answer = server.post("/api/v1/auth/session", &json!({}), &[("authorization", &bearer)]).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-tidings="), "{set}");
    for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=3"] {
        assert!(set.contains(attribute), "{attribute} is not in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let none = server.post("/api/v1/auth/session", &json!({}), &[]).await;
    assert_eq!(none.status(), 401);
    let foreign = [("authorization", bearer.as_str()), ("origin", "https://evil.example.com")];
    assert_eq!(server.post("/api/v1/auth/session", &json!({}), &foreign).await.status(), 403);
    let ended = client().delete(server.url("/api/v1/auth/session")).send().await.unwrap();
    assert_eq!(ended.status(), 204);
    assert!(ended.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn s28_sign_in_by_name_is_for_development_alone() {
    let strict = TestServer::start_strict(&[]).await;
    assert_eq!(strict.post("/api/v1/auth/login", &json!({ "userId": "ann" }), &[]).await.status(), 404);

    let server = TestServer::start(&[]).await;
    let login = |headers: Vec<(&'static str, String)>| {
        let server = &server;
        async move {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            server.post("/api/v1/auth/login", &json!({ "userId": "ann" }), &headers).await
        }
    };
    let answer: Value = login(vec![]).await.json().await.unwrap();
    let token = answer["token"].as_str().unwrap();
    assert!(answer["expiresAt"].as_str().unwrap().ends_with('Z'));
    server.open(&format!("?token={token}"), &[]).await.expect("the token counts");
    assert_eq!(login(vec![("origin", server.origin())]).await.status(), 200);
    assert_eq!(login(vec![("origin", "https://evil.example.com".into())]).await.status(), 403);
    // A name of the web that was made to point here: its page is of the same origin as the server.
    let port = server.addr.port();
    let rebound = vec![("host", format!("evil.tld:{port}")), ("origin", format!("http://evil.tld:{port}"))];
    assert_eq!(login(rebound).await.status(), 403);
    let bad = server.post("/api/v1/auth/login", &json!({ "userId": "a b" }), &[]).await;
    assert_eq!(bad.status(), 400);
}
