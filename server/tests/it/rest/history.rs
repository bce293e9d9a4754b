//! History, logs and the inbox.

use serde_json::{Value, json};

use super::actor::{Actor, durable, each};
use crate::support::TestServer;

async fn room_of(server: &TestServer, messages: usize) -> Actor<'_> {
    let ann = Actor::new(server, "ann");
    ann.create("hall", "public", &[]).await;
    for number in 1..=messages {
        ann.say("hall", &format!("message {number}")).await;
    }
    ann
}

fn seqs(page: &Value) -> Vec<u64> {
    each(&page["messages"], "seq").into_iter().map(|seq| seq.as_u64().unwrap()).collect()
}

#[tokio::test]
async fn history_is_read_backwards_from_the_newest_and_forwards_from_any_place() {
    let (server, _directory) = durable().await;
    let ann = room_of(&server, 7).await;
    let read = async |query: &str| {
        let page = ann.get(&format!("/api/v1/rooms/hall/messages?{query}")).await.expect(200);
        (seqs(&page), page["hasMore"].as_bool().unwrap())
    };
    assert_eq!(read("limit=3").await, (vec![5, 6, 7], true));
    assert_eq!(read("limit=3&before=5").await, (vec![2, 3, 4], true));
    assert_eq!(read("limit=3&before=2").await, (vec![1], false));
    assert_eq!(read("limit=3&after=0").await, (vec![1, 2, 3], true));
    assert_eq!(read("limit=3&after=4").await, (vec![5, 6, 7], false));
    assert_eq!(read("after=7").await, (vec![], false));
    assert_eq!(read("before=1").await, (vec![], false));
    assert_eq!(read("").await.0.len(), 7);
}

#[tokio::test]
async fn a_page_holds_no_more_than_two_hundred() {
    let (server, _directory) = durable().await;
    let ann = room_of(&server, 201).await;
    let page = ann.get("/api/v1/rooms/hall/messages?limit=1000").await.expect(200);
    assert_eq!((seqs(&page).len(), &page["hasMore"]), (200, &json!(true)));
    let log = ann.get("/api/v1/rooms/hall/log?limit=1000").await.expect(200);
    assert_eq!((log["frames"].as_array().unwrap().len(), &log["hasMore"]), (200, &json!(true)));
}

#[tokio::test]
async fn history_shows_a_message_in_its_present_state() {
    let (server, _directory) = durable().await;
    let ann = room_of(&server, 3).await;
    let page = ann.get("/api/v1/rooms/hall/messages").await.expect(200);
    let ids = each(&page["messages"], "messageId");
    ann.frame(json!({ "type": "EDIT_MESSAGE", "roomId": "hall", "messageId": ids[0], "content": "better" }))
        .await;
    ann.frame(json!({ "type": "DELETE_MESSAGE", "roomId": "hall", "messageId": ids[1] })).await;
    ann.frame(json!({ "type": "REACT", "roomId": "hall", "messageId": ids[2], "emoji": "👍" })).await;

    let page = Actor::new(&server, "bob").get("/api/v1/rooms/hall/messages").await.expect(200);
    let messages = &page["messages"];
    assert_eq!(seqs(&page), [1, 2, 3]);
    assert_eq!(messages[0]["content"], "better");
    assert!(messages[0]["editedAt"].is_string());
    assert_eq!((&messages[1]["content"], &messages[1]["deleted"]), (&json!(""), &json!(true)));
    assert_eq!(messages[2]["reactions"], json!([{ "emoji": "👍", "count": 1, "mine": false }]));
}

#[tokio::test]
async fn a_log_holds_every_change_as_the_frame_that_a_session_gets() {
    let (server, _directory) = durable().await;
    let ann = room_of(&server, 1).await;
    let page = ann.get("/api/v1/rooms/hall/messages").await.expect(200);
    let id = &page["messages"][0]["messageId"];
    ann.frame(json!({ "type": "EDIT_MESSAGE", "roomId": "hall", "messageId": id, "content": "better" }))
        .await;
    ann.frame(json!({ "type": "REACT", "roomId": "hall", "messageId": id, "emoji": "👍" })).await;
    ann.frame(json!({ "type": "DELETE_MESSAGE", "roomId": "hall", "messageId": id })).await;

    let log = ann.get("/api/v1/rooms/hall/log").await.expect(200);
    let frames = &log["frames"];
    assert_eq!(each(frames, "category"), ["CHAT"; 4]);
    assert_eq!(each(frames, "type"), ["MESSAGE", "EDITED", "REACTION", "DELETED"]);
    let seqs: Vec<_> = each(frames, "data").into_iter().map(|data| &data["seq"]).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(log["hasMore"], false);
    let rest = ann.get("/api/v1/rooms/hall/log?after=1&limit=2").await.expect(200);
    assert_eq!(each(&rest["frames"], "type"), ["EDITED", "REACTION"]);
    assert_eq!(rest["hasMore"], true);
}

#[tokio::test]
async fn an_inbox_holds_all_direct_conversations_in_one_order() {
    let (server, _directory) = durable().await;
    let (ann, bob, cat) =
        (Actor::new(&server, "ann"), Actor::new(&server, "bob"), Actor::new(&server, "cat"));
    bob.whisper("ann", "from bob").await;
    cat.whisper("ann", "from cat").await;
    ann.whisper("bob", "to bob").await;
    let inbox = ann.get("/api/v1/inbox").await.expect(200);
    let data = each(&inbox["frames"], "data");
    let read: Vec<_> =
        data.iter().map(|d| (d["inboxSeq"].as_u64().unwrap(), d["content"].as_str().unwrap())).collect();
    assert_eq!(read, [(1, "from bob"), (2, "from cat"), (3, "to bob")]);
    assert_eq!(each(&inbox["frames"], "category"), ["PRIVATE"; 3]);
    let rest = ann.get("/api/v1/inbox?after=1&limit=1").await.expect(200);
    assert_eq!((rest["frames"][0]["data"]["inboxSeq"].as_u64(), &rest["hasMore"]), (Some(2), &json!(true)));
    let bobs = bob.get("/api/v1/inbox").await.expect(200);
    assert_eq!(bobs["frames"].as_array().unwrap().len(), 2);
}
