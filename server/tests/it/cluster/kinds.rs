//! Kinds of Redis. Over TLS nodes meet where somebody whom they trust vouches for its certificate, and say why they do not
//! where nobody does. A Redis Cluster is refused with a sentence.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tidings_testbed::certificate;
use tidings_testbed::redis::Redis;

use crate::harness::PATIENCE;
use crate::support::process::{Process, program, said};
use crate::support::{SECRET, client, jwt};

/// A node that trusts one certificate alone. All of them share the log in `folder`.
async fn node(name: &str, redis: &str, trusted: &Path, folder: &Path) -> Process {
    let mut serve = program(&["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
    serve
        .args(["--redis-url", redis, "--node-id", name])
        .env("TIDINGS_JWT_SECRET", SECRET)
        .env("SSL_CERT_FILE", trusted)
        .current_dir(folder);
    Process::start(&mut serve).await
}

async fn until(addr: SocketAddr, path: &str, wanted: Value) {
    let asking = async {
        loop {
            let request =
                client().get(format!("http://{addr}{path}")).bearer_auth(jwt::scoped("root", "admin"));
            let answer: Value = request.send().await.unwrap().json().await.unwrap();
            if answer == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("{path} is not {wanted}"));
}

#[tokio::test]
async fn nodes_meet_over_tls() {
    let (redis, folder) = (Redis::start().unwrap(), tempfile::tempdir().unwrap());
    let (url, own) = redis.start_with_tls().unwrap();
    let one = node("one", &url, &own.file, folder.path()).await;
    let two = node("two", &url, &own.file, folder.path()).await;
    let met = json!({ "connectedUsers": 0, "users": [], "nodes": ["one", "two"] });
    for node in [&one, &two] {
        until(node.addr, "/readyz", json!({ "status": "ready" })).await;
        until(node.addr, "/api/v1/notifications/status", met.clone()).await;
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_taken_and_the_log_says_so() {
    let (redis, folder) = (Redis::start().unwrap(), tempfile::tempdir().unwrap());
    let (url, _) = redis.start_with_tls().unwrap();
    let strangers = certificate::make(folder.path(), None).unwrap();
    let node = node("one", &url, &strangers.file, folder.path()).await;
    until(node.addr, "/readyz", json!({ "status": "degraded", "broken": ["broker"] })).await;
    node.terminate();
    let (code, log) = node.ended().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("certificate") && !log.contains("connected to Redis"), "{log}");
}

#[tokio::test]
async fn a_node_of_a_redis_cluster_is_refused_with_a_sentence() {
    let (redis, folder) = (Redis::start().unwrap(), tempfile::tempdir().unwrap());
    redis.start_as_cluster().unwrap();
    let mut serve = program(&["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
    let ended = serve.args(["--redis-url", &redis.url()]).current_dir(&folder).output();
    let (code, said) = said(tokio::time::timeout(PATIENCE, ended).await.expect("it ends").unwrap());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("Redis Cluster, which is not supported; name a single Redis server"), "{said}");
}
