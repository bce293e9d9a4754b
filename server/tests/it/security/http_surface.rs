//! What every answer has, and what is not to be had: headers, CORS, errors, the listeners.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use serde_json::{Value, json};
use tidings_server::http::context::{Context, surround};
use tidings_server::http::security::Security;
use tidings_server::limits::{Peer, TrustedProxies};
use tidings_server::metrics::Metrics;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tower::ServiceExt as _;

use crate::support::jwt::{scoped, token};
use crate::support::{TestServer, client};

#[tokio::test]
async fn s25_every_answer_has_the_security_headers() {
    let server = TestServer::start_strict(&[]).await;
    let bearer = format!("Bearer {}", token("ann"));
    for path in
        ["/", "/healthz", "/api/v1/openapi.json", "/api/v1/nothing", "/nothing.js", "/api/v1/auth/ticket"]
    {
        let answer = server.get(path, &[("authorization", &bearer)]).await;
        let header =
            |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "connect-src 'self' wss:",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(!header("permissions-policy").is_empty(), "{path}");
        assert!(!header("x-request-id").is_empty(), "{path}");
        assert_eq!(header("strict-transport-security"), "", "{path}: not over plain HTTP");
        assert_eq!(header("server"), "", "{path}");
    }
}

#[tokio::test]
async fn s25_behind_a_proxy_with_tls_browsers_are_told_to_keep_to_it() {
    let server = TestServer::start_strict(&["--trusted-proxies", "127.0.0.1"]).await;
    let answer = server.get("/healthz", &[("x-forwarded-proto", "https")]).await;
    assert!(answer.headers()["strict-transport-security"].to_str().unwrap().starts_with("max-age="));
    let own = format!("https://{}", server.addr);
    let query = format!("?token={}", token("ann"));
    server.open(&query, &[("x-forwarded-proto", "https"), ("origin", &own)]).await.expect("the own page");
    let downgraded = [("x-forwarded-proto", "https"), ("origin", &server.origin())];
    assert_eq!(server.open(&query, &downgraded).await.expect_err("a page without TLS").status, 403);
}

#[tokio::test]
async fn s23_pages_of_listed_origins_may_read_answers_and_no_others() {
    let server = TestServer::start(&["--allowed-origins", "https://app.example.com"]).await;
    let preflight = |origin: &'static str| {
        let request = client()
            .request(reqwest::Method::OPTIONS, server.url("/api/v1/auth/ticket"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization");
        async move { request.send().await.unwrap() }
    };
    let listed = preflight("https://app.example.com").await;
    assert_eq!(listed.headers()["access-control-allow-origin"], "https://app.example.com");
    assert!(listed.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(listed.headers().contains_key("access-control-max-age"));
    assert!(!listed.headers().contains_key("access-control-allow-credentials"));
    for origin in
        ["https://evil.example.com", "null", "http://app.example.com", "https://app.example.com.evil.tld"]
    {
        assert!(!preflight(origin).await.headers().contains_key("access-control-allow-origin"), "{origin}");
        let answer = server.get("/healthz", &[("origin", origin)]).await;
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
        assert!(answer.headers()["vary"].to_str().unwrap().contains("origin"));
    }
}

#[tokio::test]
async fn s26_an_error_says_what_and_which_request_and_nothing_of_the_inside() {
    let server = TestServer::start(&[]).await;
    let bearer = format!("Bearer {}", token("ann"));
    let bearer = [("authorization", bearer.as_str())];
    let cases = [
        (server.get("/api/v1/nothing", &bearer).await, 404),
        (server.get("/api/v1/auth/ticket", &bearer).await, 405),
        (server.post("/api/v1/auth/ticket", &json!({}), &[]).await, 401),
        (server.post("/api/v1/auth/login", &json!({ "userId": 7 }), &[]).await, 400),
        (server.post("/api/v1/auth/login", &json!([]), &[]).await, 400),
        (send_text(&server, "application/json", "{").await, 400),
        (send_text(&server, "text/plain", "{}").await, 415),
    ];
    for (answer, status) in cases {
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        let text = answer.text().await.unwrap();
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["requestId"], id);
        assert!(problem["code"].is_string() && problem["title"].is_string(), "{text}");
        for inside in [env!("CARGO_PKG_VERSION"), "src/", ".rs", "sqlx", "axum", "SELECT"] {
            assert!(!text.contains(inside), "{inside} in {text}");
        }
    }
}

async fn send_text(server: &TestServer, kind: &str, text: &'static str) -> reqwest::Response {
    let request = client().post(server.url("/api/v1/auth/login")).header("content-type", kind).body(text);
    request.send().await.unwrap()
}

#[tokio::test]
async fn s27_numbers_are_on_their_own_listener_and_name_nobody() {
    let server = TestServer::start(&[]).await;
    let admin = format!("Bearer {}", scoped("ann-the-admin", "admin"));
    let admin = [("authorization", admin.as_str()), ("accept", "text/html,*/*")];
    for path in ["/metrics", "/metrics/", "/debug", "/debug/pprof", "/admin", "/api/v1/admin/status"] {
        assert_eq!(server.get(path, &admin).await.status(), 404, "{path}");
    }
    let _session = server.eventually_open("ann-the-admin").await;
    let numbers = server.numbers().await;
    assert!(
        numbers.contains("websocket_connections_active 1\n") && numbers.ends_with("# EOF\n"),
        "{numbers}"
    );
    assert!(!numbers.contains("ann-the-admin") && !numbers.contains("127.0.0.1"), "{numbers}");
    let elsewhere = client().get(format!("http://{}/healthz", server.metrics)).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404, "the metrics listener serves nothing else");
}

#[tokio::test]
async fn while_draining_nobody_new_is_let_in_and_what_was_begun_is_answered() {
    let mut server = TestServer::start(&[]).await;
    let mut begun = TcpStream::connect(server.addr).await.unwrap();
    let body = r#"{"userId":"ann"}"#;
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    begun.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).await.unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100"), "the handler waits for the body");

    server.begin_stop();
    let draining = loop {
        let answer = server.get("/readyz", &[]).await;
        if answer.status() != 200 {
            break answer;
        }
    };
    assert_eq!(draining.status(), 503);
    assert_eq!(draining.json::<Value>().await.unwrap(), json!({ "status": "draining" }));
    assert_eq!(server.get("/healthz", &[]).await.status(), 200, "it lives all the same");
    let refused = server.open(&format!("?token={}", token("ann")), &[]).await.expect_err("a new session");
    assert_eq!((refused.status, refused.code()), (503, "UNAVAILABLE"));

    begun.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stopped().await;
}

#[tokio::test]
async fn s27_health_says_little() {
    let server = TestServer::start(&[]).await;
    let live = server.get("/healthz", &[]).await;
    assert_eq!(live.status(), 200);
    assert_eq!(live.json::<Value>().await.unwrap(), json!({ "status": "ok" }));
    let ready = server.get("/readyz", &[]).await;
    assert_eq!(ready.status(), 200);
    assert_eq!(ready.json::<Value>().await.unwrap(), json!({ "status": "ready" }));
}

async fn panics() -> &'static str {
    panic!("the inside of the server")
}

#[tokio::test]
async fn s26_a_handler_that_panics_ends_one_request() {
    let context = Context {
        trusted: Arc::new(TrustedProxies::default()),
        metrics: Arc::new(Metrics::new()),
        security: Security::new(false),
    };
    let router = Router::new()
        .route("/panics", get(panics))
        .route("/works", get(|| async { "fine" }))
        .layer(from_fn_with_state(context, surround));
    let call = |path: &str| {
        let mut request = http::Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer { addr: ([127, 0, 0, 1], 1).into() });
        router.clone().oneshot(request)
    };
    let answer = call("/panics").await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.headers().contains_key("content-security-policy"));
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "INTERNAL");
    assert!(problem["requestId"].is_string() && !problem.to_string().contains("inside"));
    assert_eq!(call("/works").await.unwrap().status(), 200);
}
