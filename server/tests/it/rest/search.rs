//! Search: at once, and in nothing but what the caller may read.

use serde_json::json;

use super::actor::{Actor, durable, each};

#[tokio::test]
async fn an_acknowledged_message_is_found_at_once() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &[]).await;
    for number in 0..20 {
        let ack = ann.say("hall", &format!("the word is needle{number}")).await;
        let found =
            ann.get(&format!("/api/v1/search?q=needle{number}&roomId=hall&limit=1")).await.expect(200);
        assert_eq!(found["messages"][0]["messageId"], ack["messageId"]);
    }
}

#[tokio::test]
async fn nothing_is_found_in_other_peoples_private_rooms() {
    let (server, _directory) = durable().await;
    let (ann, bob, eve) =
        (Actor::new(&server, "ann"), Actor::new(&server, "bob"), Actor::new(&server, "eve"));
    ann.create("den", "private", &["bob"]).await;
    ann.create("hall", "public", &[]).await;
    ann.say("den", "needle in the den").await;
    ann.say("hall", "needle in the hall").await;
    ann.whisper("bob", "needle between us").await;
    let contents = async |who: &Actor<'_>| {
        let found = who.get("/api/v1/search?q=needle").await.expect(200);
        each(&found["messages"], "content")
            .into_iter()
            .map(|c| c.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = ["needle between us", "needle in the hall", "needle in the den"];
    assert_eq!(contents(&ann).await, all);
    assert_eq!(contents(&bob).await, all);
    assert_eq!(contents(&eve).await, ["needle in the hall"]);
}

#[tokio::test]
async fn what_was_edited_or_deleted_is_found_as_it_is_now() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &[]).await;
    let id = ann.say("hall", "old words").await["messageId"].clone();
    ann.frame(json!({ "type": "EDIT_MESSAGE", "roomId": "hall", "messageId": id, "content": "new words" }))
        .await;
    let count = async |q: &str| {
        let found = ann.get(&format!("/api/v1/search?q={q}")).await.expect(200);
        found["messages"].as_array().unwrap().len()
    };
    assert_eq!((count("old").await, count("new").await), (0, 1));
    ann.frame(json!({ "type": "DELETE_MESSAGE", "roomId": "hall", "messageId": id })).await;
    assert_eq!(count("new").await, 0);
}

#[tokio::test]
async fn what_is_found_is_read_page_by_page_the_newest_first() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &[]).await;
    for _ in 0..5 {
        ann.say("hall", "needle").await;
    }
    let (mut before, mut seen) = (String::new(), Vec::new());
    loop {
        let page = ann.get(&format!("/api/v1/search?q=needle&limit=2&before={before}")).await.expect(200);
        seen.extend(each(&page["messages"], "seq").into_iter().map(|seq| seq.as_u64().unwrap()));
        if page["hasMore"] == false {
            break;
        }
        let messages = page["messages"].as_array().unwrap();
        before = messages.last().unwrap()["messageId"].as_str().unwrap().to_owned();
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn any_text_is_a_question_and_none_an_error() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &[]).await;
    ann.say("hall", "say AND OR NOT \"quoted\" col:umn").await;
    for q in [
        "%22",
        "*",
        "AND",
        "NOT",
        "a%20OR%20b",
        "col%3A",
        "%28",
        "-",
        "%27%3B--",
        "%00",
        "NEAR%2F2",
        "%F0%9F%91%8D",
    ] {
        ann.get(&format!("/api/v1/search?q={q}")).await.expect(200);
    }
    let found = ann.get("/api/v1/search?q=%22quoted%22").await.expect(200);
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    let missing = ann.get("/api/v1/search").await.refused(400, "INVALID_FRAME");
    assert_eq!(missing["detail"], "q: is required");
    let long = ann.get(&format!("/api/v1/search?q={}", "x".repeat(1025))).await.refused(400, "INVALID_FRAME");
    assert_eq!(long["detail"], "q: must be at most 1024 bytes");
}

#[tokio::test]
async fn a_token_that_lets_into_a_private_room_finds_what_it_may_read_there() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    for (room, kind) in [("den", "private"), ("vault", "private"), ("hall", "public")] {
        ann.create(room, kind, &[]).await;
        ann.say(room, &format!("needle in the {room}")).await;
    }
    let guest = Actor::confined(&server, "guest", &["den"]);
    guest.get("/api/v1/rooms/den/messages").await.expect(200);
    let found = guest.get("/api/v1/search?q=needle").await.expect(200);
    assert_eq!(each(&found["messages"], "content"), ["needle in the den"]);
    let found = guest.get("/api/v1/search?q=needle&roomId=den").await.expect(200);
    assert_eq!(each(&found["messages"], "content"), ["needle in the den"]);
    guest.get("/api/v1/search?q=needle&roomId=vault").await.expect(403);
}
