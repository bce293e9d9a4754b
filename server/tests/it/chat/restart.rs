//! The log on disk: what was acknowledged is there after a restart.

use serde_json::json;
use tidings_testbed::postgres::Database;

use crate::harness::{Server, token};

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_a_session_resumes() {
    let folder = tempfile::tempdir().unwrap();
    restarted(&format!("sqlite://{}", folder.path().join("tidings.db").display())).await;
}

#[tokio::test]
async fn the_same_with_the_log_in_postgresql() {
    let database = Database::create().unwrap();
    restarted(&database.url()).await;
}

async fn restarted(url: &str) {
    let mut server = Server::start_at(url, &[]).await;
    let mut ann = server.connect("ann").await;
    let epoch = ann.hello["epoch"].clone();
    ann.join("general").await;
    let first = ann.say("general", "m1", "one").await;
    ann.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "psst", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    ann.answer("p").await;
    let away = async {
        assert_eq!(ann.closed().await, 1012);
    };
    tokio::join!(away, server.drain());

    let server = Server::start_at(url, &[]).await;
    let mut ann = server.connect("ann").await;
    assert_eq!(ann.hello["epoch"], epoch, "the same log");
    let again = ann.say("general", "m1", "one").await;
    assert_eq!((&again["duplicate"], &again["messageId"]), (&json!(true), &first["messageId"]));
    assert_eq!(ann.say("general", "m2", "two").await["seq"], 2);
    let mut bob = server.connect_with(&token("bob"), "&clientSession=s").await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 0 }]);
    bob.send(json!({ "type": "RESUME", "epoch": epoch, "rooms": rooms, "inboxAfter": 0 })).await;
    assert_eq!(bob.message().await["content"], "one");
    assert_eq!(bob.message().await["content"], "two");
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["content"], "psst");
}
