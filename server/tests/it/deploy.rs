//! What `deploy/` asks of the server, by a real Prometheus that looks at one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tidings_protocol::Code;
use tidings_server::limits::connections::Refused;
use tidings_server::metrics::{self, Dropped, Metrics};
use tidings_testbed::prometheus::Prometheus;
use tokio::net::TcpListener;

use crate::support::jwt::token;
use crate::support::{TestServer, client};

const NGINX: &str = include_str!("../../../deploy/nginx/nginx.conf");
const INGRESS: &str = include_str!("../../../deploy/kubernetes/ingress.yaml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/tidings.json");
const TESTS: &str = include_str!("../../../deploy/prometheus/alerts.test.yml");
const PAGE: &str = include_str!("../../../docs/operations.md");
/// What Grafana puts in the place of its own word.
const INTERVAL: [&str; 2] = ["$__rate_interval", "1m"];
/// Of what a node under a little traffic has nothing to tell.
const WITHOUT_SUBJECT: &[&str] = &["frames_dropped_total"];
/// How often something is asked again.
const LOOK: Duration = Duration::from_millis(50);
/// Nothing takes longer; a test that waits for this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn prometheus_scrapes_a_running_node_and_answers_all_that_the_alerts_and_the_dashboard_ask() {
    let node = TestServer::start(&["--max-connections-per-user", "1"]).await;
    let _standing = a_little_traffic(&node).await;
    let prometheus = watching(node.metrics).await;

    let targets = prometheus.ask("targets", &[]).await;
    let targets = targets["activeTargets"].as_array().unwrap().clone();
    assert_eq!(targets.len(), 1, "{targets:?}");
    assert_eq!((&targets[0]["health"], &targets[0]["lastError"]), (&json!("up"), &json!("")));
    for rule in prometheus.rules().await {
        assert_eq!((&rule["health"], &rule["state"]), (&json!("ok"), &json!("inactive")), "{rule}");
    }
    for query in queries_of_the_dashboard() {
        let found = prometheus.finds(&query).await;
        let expected = !WITHOUT_SUBJECT.iter().any(|name| query.contains(name));
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn every_series_that_the_alerts_and_the_dashboard_look_at_is_one_of_the_server() {
    let prometheus = watching(everything_has_happened().await).await;
    for query in queries_of_the_dashboard() {
        assert!(prometheus.finds(&query).await, "{query}");
    }
    for rule in prometheus.rules().await {
        let (name, query) = (rule["name"].as_str().unwrap(), rule["query"].as_str().unwrap());
        assert!(TESTS.contains(&format!("alertname: {name}\n")), "{name} is tested nowhere");
        assert!(PAGE.contains(&format!("\n| `{name}` |")), "{name} has no row for those whom it wakes");
        // An alert that does not fire finds nothing: its two sides do.
        let sides = [" > ", " < ", " == "].iter().find_map(|sign| query.split_once(sign));
        let (left, right) = sides.unwrap_or_else(|| panic!("{query} compares nothing"));
        for side in [left, right] {
            assert!(prometheus.finds(side).await, "{side}, in {query}");
        }
    }
    assert!(!prometheus.finds("a_series_of_nobody").await);
}

/// One that has looked often enough at this target for a rate.
async fn watching(target: SocketAddr) -> Prometheus {
    let prometheus = Prometheus::start(&[target]).unwrap();
    let often = "count_over_time(websocket_connections_active{job=\"tidings\"}[1m]) >= 2";
    let looking = async {
        while !prometheus.finds(often).await {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it looks at the target");
    prometheus
}

/// A frame of each transport in each direction, an error, a request that is refused, a message. What is returned stands on.
async fn a_little_traffic(node: &TestServer) -> impl Sized + use<> {
    let mut ann = node.eventually_open("ann").await;
    for frame in [
        json!({ "type": "JOIN_ROOM", "roomId": "hall", "id": "j" }),
        json!({ "type": "CHAT_MESSAGE", "roomId": "hall", "content": "hello", "id": "m" }),
        json!({ "type": "NONSENSE", "id": "n" }),
    ] {
        ann.send(frame.to_string().into()).await.unwrap();
    }
    while !ann.next().await.unwrap().unwrap().to_string().contains("UNKNOWN_TYPE") {}
    let second = node.open(&format!("?token={}", token("ann")), &[]).await;
    assert!(second.is_err(), "the cap of one user");

    let bob = format!("Bearer {}", token("bob"));
    let realtime = async |path: &str, body: Value| {
        let answer = node.post(&format!("/api/v1/realtime/{path}"), &body, &[("authorization", &bob)]).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer
    };
    let frames = json!([{ "type": "PING", "id": "p" }]);
    realtime("frames", json!({ "clientSession": "page", "frames": frames })).await;
    realtime("poll", json!({ "clientSession": "page", "rooms": [], "waitMs": 0 })).await;
    let stream = realtime("stream", json!({ "clientSession": "page", "rooms": [] })).await;
    let mut stream = stream.bytes_stream();
    stream.next().await.unwrap().unwrap();
    (ann, stream)
}

#[test]
fn the_ingress_bears_silence_for_as_long_as_nginx_does() {
    let longest = |text: &str, setting: &str| -> Option<u64> {
        let values = text.lines().filter_map(|line| line.trim().strip_prefix(setting));
        values.map(|value| value.trim_matches([' ', ':', '"', 's', ';']).parse::<u64>().unwrap()).max()
    };
    let nginx = longest(NGINX, "proxy_read_timeout");
    assert!(nginx.is_some_and(|seconds| seconds > 25), "longer than --heartbeat");
    assert_eq!(longest(INGRESS, "nginx.ingress.kubernetes.io/proxy-read-timeout"), nginx);
}

/// Serves the numbers of a server in which everything has happened once.
async fn everything_has_happened() -> SocketAddr {
    let metrics = Metrics::new();
    for transport in [&metrics.websocket, &metrics.sse, &metrics.polling] {
        transport.sent("PONG", 1);
        transport.received("PING");
        transport.error(Code::NotFound);
    }
    metrics.refused(Refused::Server);
    metrics.http_request(http::StatusCode::OK, Duration::ZERO);
    metrics.http_request(http::StatusCode::INTERNAL_SERVER_ERROR, Duration::ZERO);
    metrics.dropped(Dropped::Ephemeral, 1);
    metrics.dropped(Dropped::SlowSession, 1);
    let text = metrics.encode().unwrap();
    let numbers = move || {
        let text = text.clone();
        async move { ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text) }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/metrics", get(numbers))).await.unwrap();
    });
    addr
}

fn queries_of_the_dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let [word, instead] = INTERVAL;
            queries.push(target["expr"].as_str().unwrap().replace(word, instead));
        }
    }
    assert!(queries.len() > 40, "{queries:?}");
    queries
}

/// Its HTTP API.
trait Api {
    /// What it answers; fails on an error or a warning.
    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value;
    /// Whether a query has a result.
    async fn finds(&self, query: &str) -> bool;
    /// All rules, once each has been evaluated.
    async fn rules(&self) -> Vec<Value>;
}

impl Api for Prometheus {
    async fn ask(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}/api/v1/{path}", self.url());
        let answer = client().get(url).query(query).send().await.unwrap();
        let mut body: Value = answer.json().await.unwrap();
        assert_eq!(body["status"], "success", "{query:?}: {body}");
        assert!(body["warnings"].is_null(), "{query:?}: {body}");
        body["data"].take()
    }

    async fn finds(&self, query: &str) -> bool {
        let data = self.ask("query", &[("query", query)]).await;
        data["resultType"] == "scalar" || !data["result"].as_array().unwrap().is_empty()
    }

    async fn rules(&self) -> Vec<Value> {
        let evaluated = async {
            loop {
                let data = self.ask("rules", &[]).await;
                let groups = data["groups"].as_array().unwrap().iter();
                let rules: Vec<Value> =
                    groups.flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect();
                if !rules.is_empty() && rules.iter().all(|rule| rule["health"] != "unknown") {
                    return rules;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, evaluated).await.expect("rules are evaluated")
    }
}
