//! The WebSocket handshake: origin, then token, both before the upgrade.

use crate::support::jwt::{self, token};
use crate::support::{SECRET, TestServer};

#[tokio::test]
async fn s01_a_page_of_another_origin_is_refused_before_the_upgrade_even_with_a_good_token() {
    let server = TestServer::start(&["--allowed-origins", "https://app.example.com"]).await;
    let query = format!("?token={}", token("ann"));
    let own = server.origin();
    let other_port = format!("http://127.0.0.1:{}", server.addr.port() ^ 1);
    let by_name = format!("http://localhost:{}", server.addr.port());
    let https = own.replace("http:", "https:");
    let with_path = format!("{own}/");
    let tricks = [
        "https://evil.example.com",
        "null",
        "https://app.example.com.evil.tld",
        "https://evil-app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com@evil.tld",
        "file://",
        "",
        &other_port,
        &by_name,
        &https,
        &with_path,
    ];
    for origin in tricks {
        let refused = server.open(&query, &[("origin", origin)]).await.expect_err(origin);
        assert_eq!((refused.status, refused.code()), (403, "FORBIDDEN"), "{origin:?}");
    }
    let said =
        [("origin", https.as_str()), ("x-forwarded-proto", "https"), ("x-forwarded-host", "app.example.com")];
    assert_eq!(server.open(&query, &said).await.expect_err("nobody trusted said so").status, 403);
    let twice = [("origin", own.as_str()), ("origin", "https://evil.example.com")];
    assert_eq!(server.open(&query, &twice).await.expect_err("two origins").status, 403);
    for origin in [own.as_str(), "https://app.example.com", "https://APP.example.com:443"] {
        server.open(&query, &[("origin", origin)]).await.expect(origin);
    }
    server.open(&query, &[]).await.expect("a native client has no origin");
}

#[tokio::test]
async fn s03_without_a_token_that_counts_the_answer_is_401_and_nothing_is_opened() {
    let server = TestServer::start(&[]).await;
    let mut expired = jwt::claims("ann");
    expired["exp"] = serde_json::json!(jwt::now() - 3600);
    let expired = jwt::sign(&jwt::header("HS256"), &expired);
    let queries = [
        String::new(),
        "?token=".to_owned(),
        "?token=garbage".to_owned(),
        "?ticket=garbage".to_owned(),
        format!("?token={expired}"),
        format!("?token={0}&token={0}", token("ann")),
        format!("?ticket={}", token("ann")),
    ];
    for query in &queries {
        let refused = server.open(query, &[]).await.expect_err(query);
        assert_eq!((refused.status, refused.code()), (401, "UNAUTHENTICATED"), "{query}");
        assert!(refused.body["requestId"].is_string());
    }
    let numbers = server.numbers().await;
    assert!(numbers.contains("websocket_connections_opened_total 0\n"), "{numbers}");
    assert!(numbers.contains("websocket_connections_active 0\n"), "{numbers}");
    server.open(&format!("?token={}", token("ann")), &[]).await.expect("a good token opens");
    assert!(server.numbers().await.contains("websocket_connections_opened_total 1\n"));
}

#[tokio::test]
async fn s03_a_wrong_bearer_is_not_made_good_by_a_good_query() {
    let server = TestServer::start(&[]).await;
    let query = format!("?token={}", token("ann"));
    for header in ["Bearer nonsense", "Basic YW5uOmFubg==", "Bearer", SECRET] {
        let refused = server.open(&query, &[("authorization", header)]).await.expect_err(header);
        assert_eq!(refused.status, 401, "{header}");
    }
    let bearer = format!("Bearer {}", token("ann"));
    server.open("?token=nonsense", &[("authorization", &bearer)]).await.expect("the header decides");
}
