//! What `deploy/` says of the server, held against the server.

use std::collections::BTreeSet;
use std::time::Duration;

use tidings_protocol::Code;
use tidings_server::limits::connections::Refused;
use tidings_server::metrics::{Dropped, Metrics};

const ALERTS: &str = include_str!("../../../deploy/prometheus/alerts.yml");
const NGINX: &str = include_str!("../../../deploy/nginx/nginx.conf");
const INGRESS: &str = include_str!("../../../deploy/kubernetes/ingress.yaml");
const DASHBOARD: &str = include_str!("../../../deploy/grafana/tidings.json");

/// What Prometheus itself adds for each of its targets.
const ITS_OWN: &[&str] = &["up"];
/// Words of the query language that are no functions.
const WORDS: &[&str] = &["by", "without", "on", "ignoring", "and", "or", "unless", "bool", "offset"];

#[test]
fn every_metric_of_the_dashboard_and_the_alerts_is_one_of_the_server() {
    let known = known();
    let asked = [queries_of_the_alerts(), queries_of_the_dashboard()].concat();
    let mut seen = BTreeSet::new();
    for query in &asked {
        let names = names(query);
        assert!(!names.is_empty(), "no metric in {query}");
        for name in names {
            assert!(known.contains(&name) || ITS_OWN.contains(&name.as_str()), "{name}, in {query}");
            seen.insert(name);
        }
    }
    // A family nobody looks at is one that need not be counted.
    let base = |name: &String| name.trim_end_matches("_bucket").to_owned();
    let seen: BTreeSet<String> = seen.iter().map(base).collect();
    for name in
        ["websocket_connections_active", "message_ack_seconds", "store_commit_seconds", "broker_lag_seconds"]
    {
        assert!(seen.contains(name), "{name} is on neither");
    }
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

#[test]
fn names_are_found_in_a_query() {
    let query =
        r#"histogram_quantile(0.99, sum by (le, instance) (rate(a_bucket{job="b"}[5m]))) > 1 and c == 0"#;
    assert_eq!(names(query), ["a_bucket", "c"]);
}

/// Every series that the server tells of, once everything has happened.
fn known() -> BTreeSet<String> {
    let metrics = Metrics::new();
    for transport in [&metrics.websocket, &metrics.sse, &metrics.polling] {
        transport.sent("PONG", 1);
        transport.received("PING");
        transport.error(Code::NotFound);
    }
    metrics.refused(Refused::Server);
    metrics.http_request(http::StatusCode::OK, Duration::ZERO);
    metrics.dropped(Dropped::Ephemeral, 1);
    let text = metrics.encode().unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split(['{', ' ']).next().unwrap_or_default().to_owned()).collect()
}

fn queries_of_the_alerts() -> Vec<String> {
    let after = |key: &str| -> Vec<String> {
        ALERTS
            .lines()
            .filter_map(|line| Some(line.trim_start().strip_prefix(key)?.trim().to_owned()))
            .collect()
    };
    let queries = after("expr:");
    assert_eq!(queries.len(), after("- alert:").len(), "each on a line of its own");
    queries
}

fn queries_of_the_dashboard() -> Vec<String> {
    let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    queries
}

/// The names of series in a query: words that are no function, no word of the language and no label.
fn names(query: &str) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), query);
    let mut labels_follow = false;
    while let Some(first) = rest.chars().next() {
        if first == '{' || first == '[' || (first == '(' && labels_follow) {
            let end = match first {
                '{' => '}',
                '[' => ']',
                _ => ')',
            };
            rest = rest.split_once(end).unwrap().1;
            labels_follow = false;
        } else if first.is_ascii_alphabetic() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            labels_follow = matches!(word, "by" | "without" | "on" | "ignoring");
            if !WORDS.contains(&word) && !after.trim_start().starts_with('(') && !followed_by_labels(after) {
                names.push(word.to_owned());
            }
            rest = after;
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    names
}

/// `sum by (…)`: the aggregation is no series.
fn followed_by_labels(after: &str) -> bool {
    let next = after.split_whitespace().next();
    after.starts_with(' ') && matches!(next, Some("by" | "without"))
}
