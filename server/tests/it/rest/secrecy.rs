//! What cannot be read cannot be told from what is not there.

use serde_json::{Value, json};

use super::actor::{Actor, durable};

/// Operations on a room, with a body where there is one.
fn operations(room: &str) -> Vec<(&'static str, String, Option<Value>)> {
    let base = format!("/api/v1/rooms/{room}");
    vec![
        ("GET", base.clone(), None),
        ("PATCH", base.clone(), Some(json!({ "name": "mine" }))),
        ("GET", format!("{base}/messages"), None),
        ("GET", format!("{base}/messages?before=3&limit=1"), None),
        ("GET", format!("{base}/log"), None),
        ("GET", format!("{base}/members"), None),
        ("GET", format!("{base}/participants"), None),
        ("PUT", format!("{base}/members/eve"), None),
        ("DELETE", format!("{base}/members/eve"), None),
        ("DELETE", format!("{base}/members/ann"), None),
        ("GET", format!("/api/v1/search?q=secret&roomId={room}"), None),
    ]
}

#[tokio::test]
async fn s20_a_private_room_answers_a_stranger_as_a_room_that_is_not_there() {
    let (server, _directory) = durable().await;
    let (ann, eve) = (Actor::new(&server, "ann"), Actor::new(&server, "eve"));
    ann.create("den", "private", &["bob"]).await;
    ann.say("den", "a secret").await;
    let direct = ann.whisper("bob", "another secret").await["roomId"].as_str().unwrap().to_owned();

    for room in ["den", &direct] {
        for ((method, path, body), (_, absent, _)) in operations(room).into_iter().zip(operations("absent")) {
            let forbidden = eve.call(method, &path, body.as_ref()).await;
            assert_eq!(forbidden.status, 403, "{method} {path}");
            let absent = eve.call(method, &absent, body.as_ref()).await;
            assert_eq!(forbidden.lasting(), absent.lasting(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn s20_who_was_put_out_reads_nothing_any_more() {
    let (server, _directory) = durable().await;
    let (ann, bob) = (Actor::new(&server, "ann"), Actor::new(&server, "bob"));
    ann.create("den", "private", &["bob"]).await;
    ann.say("den", "needle").await;
    let reads = ["/api/v1/rooms/den", "/api/v1/rooms/den/messages", "/api/v1/rooms/den/log"];
    for path in reads {
        bob.get(path).await.expect(200);
    }
    assert_eq!(bob.get("/api/v1/search?q=needle").await.expect(200)["messages"].as_array().unwrap().len(), 1);

    ann.delete("/api/v1/rooms/den/members/bob").await.expect(204);
    for path in reads {
        bob.get(path).await.refused(403, "NOT_A_MEMBER");
    }
    assert_eq!(bob.get("/api/v1/search?q=needle").await.expect(200)["messages"], json!([]));
    assert_eq!(bob.get("/api/v1/rooms").await.expect(200)["rooms"], json!([]));
}

#[tokio::test]
async fn s20_a_conversation_is_read_by_its_two_members_and_nobody_else() {
    let (server, _directory) = durable().await;
    let (ann, bob, eve) =
        (Actor::new(&server, "ann"), Actor::new(&server, "bob"), Actor::new(&server, "eve"));
    ann.whisper("bob", "between us").await;
    for (reader, peer) in [(&ann, "bob"), (&bob, "ann")] {
        let page = reader.get(&format!("/api/v1/direct/{peer}/messages")).await.expect(200);
        assert_eq!(page["messages"][0]["content"], "between us");
    }
    for peer in ["ann", "bob", "eve"] {
        let page = eve.get(&format!("/api/v1/direct/{peer}/messages")).await.expect(200);
        assert_eq!(page, json!({ "messages": [], "hasMore": false }));
    }
    assert_eq!(eve.get("/api/v1/inbox").await.expect(200)["frames"], json!([]));
    let found = eve.get("/api/v1/search?q=between").await.expect(200);
    assert_eq!(found["messages"], json!([]));
}
