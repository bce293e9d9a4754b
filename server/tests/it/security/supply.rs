//! What the server is made of: no unsafe code of its own, dependencies that are locked and come from one place, and
//! fields that a client cannot write.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::rest::actor::Actor;
use crate::support::TestServer;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn toml(path: &str) -> toml::Table {
    std::fs::read_to_string(root().join(path)).unwrap().parse().unwrap()
}

#[test]
fn s30_unsafe_code_is_forbidden_in_every_crate() {
    let workspace = toml("Cargo.toml");
    let workspace = workspace["workspace"].as_table().unwrap();
    assert_eq!(workspace["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let members = workspace["members"].as_array().unwrap();
    assert!(members.len() > 5);
    for member in members {
        let member = member.as_str().unwrap();
        let package = toml(&format!("{member}/Cargo.toml"));
        assert_eq!(package["lints"]["workspace"].as_bool(), Some(true), "{member}");
    }
}

#[test]
fn s30_dependencies_are_locked_and_come_from_the_registry_alone() {
    let lock = toml("Cargo.lock");
    let packages = lock["package"].as_array().unwrap();
    for package in packages {
        let source = package.get("source").and_then(toml::Value::as_str);
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        assert!(source.is_none_or(|source| source == registry), "{package:?}");
        assert!(source.is_none() || package.get("checksum").is_some(), "{package:?}");
    }
    for name in ["tungstenite", "rustls", "openssl", "openssl-sys"] {
        let versions = packages.iter().filter(|package| package["name"].as_str() == Some(name)).count();
        assert!(versions <= usize::from(!name.starts_with("openssl")), "{name}: {versions}");
    }
    let deny = toml("deny.toml");
    assert_eq!(deny["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(deny["sources"]["unknown-git"].as_str(), Some("deny"));
}

#[tokio::test]
async fn s19_fields_that_the_server_decides_are_not_a_clients_to_write() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    let made = json!({
        "roomId": "hall", "kind": "public", "owner": "eve", "headSeq": 99, "readSeq": 99, "unread": 99,
        "role": "owner", "peerId": "eve",
    });
    let room = ann.post("/api/v1/rooms", made).await.expect(201);
    assert_eq!((&room["headSeq"], &room["unread"]), (&json!(0), &json!(0)), "{room}");
    let members = ann.get("/api/v1/rooms/hall/members").await.expect(200);
    assert_eq!(members["members"][0]["userId"], "ann");
    assert_eq!(members["members"].as_array().unwrap().len(), 1, "{members}");

    let eve = Actor::new(&server, "eve");
    eve.join("hall").await;
    let body = json!({ "name": "mine", "role": "owner", "owner": "eve" });
    eve.patch("/api/v1/rooms/hall", body).await.refused(403, "FORBIDDEN");

    let bot = Actor::scoped(&server, "bot", "notify");
    let sent = json!({
        "userId": "ann", "title": "t", "message": "m", "type": "x", "read": true, "createdAt": "1999-01-01T00:00:00Z",
    });
    let sent = bot.post("/api/v1/notifications/send", sent).await.expect(200);
    assert_eq!(sent["read"], false);
    assert!(!sent["createdAt"].as_str().unwrap().starts_with("1999"), "{sent}");

    let forged = json!({
        "type": "CHAT_MESSAGE", "roomId": "hall", "content": "x", "senderId": "ann", "sender": "ann",
        "timestamp": "1999-01-01T00:00:00Z", "seq": 99, "messageId": "m-1", "role": "owner", "senderName": "Ann",
    });
    eve.frame(forged).await;
    let page: Value = ann.get("/api/v1/rooms/hall/messages").await.expect(200);
    let message = &page["messages"][0];
    assert_eq!((&message["senderId"], &message["seq"]), (&json!("eve"), &json!(1)), "{message}");
    assert!(message["senderName"] != "Ann" && message["messageId"] != "m-1", "{message}");
    assert!(!message["timestamp"].as_str().unwrap().starts_with("1999"), "{message}");
}
