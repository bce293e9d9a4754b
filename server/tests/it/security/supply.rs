//! What the server is made of: no unsafe code of its own, dependencies that are locked and come from one place, and
//! fields that a client cannot write.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

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

#[test]
fn s30_neither_the_image_nor_the_unit_runs_as_root_or_may_become_it() {
    let image = std::fs::read_to_string(root().join("deploy/Dockerfile")).unwrap();
    let user = image.lines().rev().find_map(|line| line.strip_prefix("USER ")).expect("a USER");
    let ids: Vec<u32> =
        user.split(':').map(|id| id.parse().expect("a number, as Kubernetes wants it")).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id > 0), "{user}");

    let unit = std::fs::read_to_string(root().join("deploy/systemd/tidings.service")).unwrap();
    for setting in
        ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="]
    {
        assert!(unit.lines().any(|line| line == setting), "{setting}");
    }
    let pods = std::fs::read_to_string(root().join("deploy/kubernetes/tidings.yaml")).unwrap();
    for setting in ["runAsNonRoot: true", "allowPrivilegeEscalation: false", "readOnlyRootFilesystem: true"] {
        assert!(pods.lines().any(|line| line.trim() == setting), "{setting}");
    }
}

#[test]
fn s30_the_bill_of_materials_names_every_crate_with_its_hash_and_what_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.cdx.json");
    let made = Command::new("python3").arg(root().join("xtask/sbom.py")).arg(&file).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let document: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&json!("CycloneDX"), &json!("1.5")));
    let server = &document["metadata"]["component"];
    assert_eq!((&server["name"], &server["type"]), (&json!("tidings-server"), &json!("application")));
    let components = document["components"].as_array().unwrap();
    assert!(components.len() > 100, "{}", components.len());
    let named = |part: &Value| part["bom-ref"].as_str().unwrap().to_owned();
    let refs: BTreeSet<String> = components.iter().map(named).chain([named(server)]).collect();
    assert_eq!(refs.len(), components.len() + 1, "each has a name of its own");
    for component in components {
        assert_eq!(component["purl"], component["bom-ref"], "{component}");
        let hash = component["hashes"][0]["content"].as_str().unwrap_or_default();
        let is_own = component["name"].as_str().unwrap().starts_with("tidings-");
        assert!(is_own || hash.len() == 64, "{component}");
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
    let needs = document["dependencies"].as_array().unwrap();
    let told: BTreeSet<String> = needs.iter().map(|one| one["ref"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, refs);
    for needed in needs.iter().flat_map(|one| one["dependsOn"].as_array().unwrap()) {
        assert!(refs.contains(needed.as_str().unwrap()), "{needed}");
    }
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
