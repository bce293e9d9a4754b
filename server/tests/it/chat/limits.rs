//! Bounds: frames, rates, slow sessions.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::Server;

#[tokio::test]
async fn a_bad_frame_costs_an_error_and_never_the_connection() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    for (text, code, field) in [
        ("nonsense", "INVALID_FRAME", json!(null)),
        ("[]", "INVALID_FRAME", json!(null)),
        (r#"{"id":"i"}"#, "INVALID_FRAME", json!("type")),
        (r#"{"type":"NO_SUCH_TYPE","id":"i"}"#, "UNKNOWN_TYPE", json!("type")),
        (r#"{"type":"JOIN_ROOM","id":"i"}"#, "INVALID_FRAME", json!("roomId")),
        (r#"{"type":"JOIN_ROOM","roomId":"a b","id":"i"}"#, "INVALID_FRAME", json!("roomId")),
        (r#"{"type":"CHAT_MESSAGE","roomId":"r","content":"","id":"i"}"#, "INVALID_FRAME", json!("content")),
        (
            r#"{"type":"PRIVATE_MESSAGE","content":"x","data":{},"id":"i"}"#,
            "INVALID_FRAME",
            json!("data.recipientId"),
        ),
        (r#"{"type":"READ","roomId":"r","seq":"1","id":"i"}"#, "INVALID_FRAME", json!("seq")),
        (
            r#"{"type":"PRIVATE_MESSAGE","content":"x","data":["bob"],"id":"i"}"#,
            "INVALID_FRAME",
            json!("data"),
        ),
        (r#"{"type":"PING","x":1e999,"id":"i"}"#, "INVALID_FRAME", json!(null)),
    ] {
        ann.raw(Message::text(text)).await;
        let error = ann.error().await;
        assert_eq!((&error["code"], &error["field"]), (&json!(code), &field), "{text}: {error}");
        if code == "INVALID_FRAME" {
            assert_eq!(error["error"], "Invalid message format");
        }
        if text.contains("\"id\"") {
            assert_eq!(error["id"], "i");
        }
    }
    ann.so_far().await;
}

#[tokio::test]
async fn s07_content_over_the_limit_is_refused_and_a_frame_over_the_limit_closes() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    ann.say("general", "fits", &"x".repeat(16 * 1024)).await;
    let long = "x".repeat(16 * 1024 + 1);
    ann.send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": "l", "content": long })).await;
    let error = ann.error().await;
    assert_eq!((&error["code"], &error["id"]), (&json!("TOO_LARGE"), &json!("l")));
    ann.raw(Message::text("x".repeat(64 * 1024 + 1))).await;
    assert_eq!(ann.closed().await, 1009);
}

#[tokio::test]
async fn s07_a_binary_frame_closes_with_1003() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(ann.closed().await, 1003);
}

#[tokio::test]
async fn s12_a_flood_gets_its_burst_then_refusals_in_order_and_then_the_door() {
    let server = Server::start(&["--max-frames-per-second", "5", "--frame-burst", "20"]).await;
    let mut ann = server.connect("ann").await;
    let mut bob = server.connect("bob").await;
    ann.join("general").await;
    bob.join("general").await;
    for n in 0..200 {
        let frame =
            json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": n.to_string(), "content": "x" });
        ann.send(frame).await;
    }
    assert_eq!(ann.closed().await, 4029);
    let frames = ann.aside();
    let refused: Vec<_> = frames.iter().filter(|f| f["category"] == "ERROR").collect();
    assert!(refused.iter().all(|f| f["data"]["code"] == "RATE_LIMITED"));
    assert!(refused.iter().all(|f| f["data"]["retryAfterMs"].as_u64().unwrap() > 0));
    assert!(refused.len() > 100, "{}", refused.len());
    let accepted = frames.iter().filter(|f| f["type"] == "ACK").count();
    assert_eq!(accepted, 19, "the burst, less the join");
    assert_eq!(bob.say("general", "b", "not affected").await["seq"], 20);
}

#[tokio::test]
async fn s12_a_flood_of_typing_has_a_bucket_of_its_own_and_ends_at_the_door() {
    let server = Server::start(&["--max-frames-per-second", "5", "--frame-burst", "20"]).await;
    let mut ann = server.connect("ann").await;
    let mut bob = server.connect("bob").await;
    ann.join("general").await;
    bob.join("general").await;
    let typing = |n: usize| {
        let data = json!({ "isTyping": n.is_multiple_of(2) });
        json!({ "type": "TYPING", "roomId": "general", "id": format!("t{n}"), "data": data })
    };
    for n in 0..120 {
        ann.send(typing(n)).await;
    }
    let frames = ann.so_far().await;
    let taken = frames.iter().filter(|f| f["type"] == "ACK").count();
    let refused: Vec<_> = frames.iter().filter(|f| f["category"] == "ERROR").collect();
    assert!(refused.iter().all(|f| f["data"]["code"] == "RATE_LIMITED"));
    assert!(refused.iter().all(|f| f["data"]["retryAfterMs"].as_u64().unwrap() > 0));
    // The burst, and ten for each second that the flood takes on a busy machine.
    assert!((50..100).contains(&taken) && taken + refused.len() == 120, "{taken} taken");
    assert_eq!(ann.say("general", "m", "frames have lost nothing").await["seq"], 1);
    for n in 120..220 {
        ann.send(typing(n)).await;
    }
    assert_eq!(ann.closed().await, 4029);
    assert_eq!(bob.say("general", "b", "not affected").await["seq"], 2);
}

#[tokio::test]
async fn s12_a_flood_of_joins_and_leaves_costs_as_much_as_any_other() {
    let server = Server::start(&["--max-frames-per-second", "5", "--frame-burst", "20"]).await;
    let mut ann = server.connect("ann").await;
    let mut bob = server.connect("bob").await;
    bob.join("general").await;
    for n in 0..200 {
        let kind = if n % 2 == 0 { "JOIN_ROOM" } else { "LEAVE_ROOM" };
        ann.send(json!({ "type": kind, "roomId": "general", "id": n.to_string() })).await;
    }
    assert_eq!(ann.closed().await, 4029);
    let frames = ann.aside();
    let taken = frames.iter().filter(|f| f["type"] == "ACK").count();
    let refused: Vec<_> = frames.iter().filter(|f| f["category"] == "ERROR").collect();
    assert!((20..60).contains(&taken), "{taken} taken");
    assert!(refused.len() > 100 && refused.iter().all(|f| f["data"]["code"] == "RATE_LIMITED"));
    assert_eq!(bob.say("general", "b", "not affected").await["seq"], 1);
    let heard = bob.so_far().await;
    let told = heard.iter().filter(|f| f["type"] == "USER_JOINED" || f["type"] == "USER_LEFT").count();
    assert!(told <= taken, "{told} of {taken} were told");
}

#[tokio::test]
async fn a_message_that_names_a_refused_one_does_not_overtake_it_however_late_it_comes() {
    let server = Server::start(&["--max-frames-per-second", "20", "--frame-burst", "2"]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    let chat = |id: &str, after: Option<&str>| json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "after": after, "content": id });
    for (id, after) in [("1", None), ("2", Some("1"))] {
        ann.send(chat(id, after)).await;
    }
    ann.answer("1").await;
    let refusal = ann.error().await;
    assert_eq!((&refusal["id"], &refusal["code"]), (&json!("2"), &json!("RATE_LIMITED")));
    wait_as_told(&refusal).await;

    for (id, after) in [("3", Some("2")), ("4", Some("3"))] {
        ann.send(chat(id, after)).await;
        let held = ann.error().await;
        assert_eq!(
            (&held["id"], &held["code"]),
            (&json!(id), &json!("UNAVAILABLE")),
            "the second comes first"
        );
        assert!(held["retryAfterMs"].as_u64().unwrap() > 0);
    }
    for (id, seq) in [("2", 2), ("3", 3)] {
        ann.send(chat(id, None)).await;
        assert_eq!(ann.answer(id).await["seq"], seq);
        wait_as_told(&refusal).await;
    }
}

/// Until the server may be asked again, by its own word.
async fn wait_as_told(refusal: &Value) {
    tokio::time::sleep(Duration::from_millis(refusal["retryAfterMs"].as_u64().unwrap())).await;
}

#[tokio::test]
async fn s12_a_hundred_bad_frames_are_borne_and_one_more_is_not() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    for _ in 0..100 {
        ann.raw(Message::text("nonsense")).await;
    }
    assert_eq!(ann.so_far().await.len(), 100);
    ann.raw(Message::text("nonsense")).await;
    assert_eq!(ann.closed().await, 4029);
}

#[tokio::test]
async fn a_session_holds_at_most_200_rooms() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    for n in 0..200 {
        ann.join(&format!("r{n}")).await;
    }
    ann.send(json!({ "type": "JOIN_ROOM", "roomId": "one-more", "id": "j" })).await;
    assert_eq!(ann.error().await["code"], "LIMIT");
}

#[tokio::test]
async fn a_ping_is_answered_with_its_id_and_the_servers_clock() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.send(json!({ "type": "PING", "id": "p" })).await;
    let pong = ann.expect("SYSTEM", "PONG").await;
    assert_eq!(pong["id"], "p");
    assert!(pong["serverTime"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn s10_a_session_that_does_not_read_is_closed_and_misses_nothing() {
    let server = Server::start(&["--outbox-bytes", "65536"]).await;
    let (mut ann, mut slow) = (server.connect("ann").await, server.connect("slow").await);
    ann.join("general").await;
    let head = slow.join("general").await["headSeq"].as_u64().unwrap();
    let content = "x".repeat(16 * 1024);
    let mut last = 0;
    // More than the outbox and the buffers of both kernels hold together.
    for n in 0..1500 {
        last = ann.say("general", &n.to_string(), &content).await["seq"].as_u64().unwrap();
        ann.message().await;
    }
    slow.closed().await;
    let seen = slow.aside().iter().filter(|f| f["type"] == "MESSAGE").count() as u64;
    assert!(seen < last, "the session was slow for sure");
    let mut back = server.connect_with(&crate::harness::token("slow"), "&clientSession=s").await;
    let rooms = json!([{ "roomId": "general", "afterSeq": head + seen }]);
    back.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": rooms })).await;
    let participants = back.expect("SYSTEM", "ROOM_PARTICIPANTS").await;
    let mut next = participants["replayFrom"].as_u64().unwrap();
    if next > head + seen + 1 {
        let gap = back.expect("SYSTEM", "GAP").await;
        assert_eq!((&gap["from"], &gap["to"]), (&json!(head + seen + 1), &json!(next - 1)));
    }
    while next <= last {
        assert_eq!(back.message().await["seq"], next);
        next += 1;
    }
}

#[tokio::test]
async fn a_burst_that_is_allowed_costs_nobody_who_reads_the_connection() {
    const SENDERS: u64 = 5;
    const EACH: u64 = 40;
    // On a disk, where much gathers behind the first commit and comes all at once.
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("tidings.db").display());
    let server = Server::start_at(&url, &[]).await;
    let mut bob = server.connect("bob").await;
    bob.join("general").await;
    let mut senders = Vec::new();
    for n in 0..SENDERS {
        let user = format!("user{n}");
        // A member whose present session does not follow the room, so that it has only its answers to read.
        server.connect(&user).await.join("general").await;
        senders.push(server.connect(&user).await);
    }
    let content = "x".repeat(16 * 1024);
    let reads = tokio::spawn(async move {
        for seq in 1..=SENDERS * EACH {
            assert_eq!(bob.message().await["seq"], seq);
        }
    });
    let sending = senders.iter_mut().map(|sender| async {
        for n in 0..EACH {
            let (id, content) = (format!("m{n}"), &content);
            sender
                .send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "id": id, "content": content }))
                .await;
        }
    });
    join_all(sending).await;
    for sender in &mut senders {
        for n in 0..EACH {
            sender.answer(&format!("m{n}")).await;
        }
    }
    reads.await.unwrap();
}

#[tokio::test]
async fn half_an_emoji_is_sent_as_what_is_left_of_it() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    // `JSON.stringify("cut 🎉".slice(0, 5))`
    ann.raw(Message::text(r#"{"type":"CHAT_MESSAGE","roomId":"general","id":"m","content":"cut \ud83c"}"#))
        .await;
    assert_eq!(ann.message().await["content"], "cut \u{fffd}");
    let nested = "[".repeat(200) + &"]".repeat(200);
    ann.raw(Message::text(format!(r#"{{"type":"PING","deep":{nested},"roomId":"general","id":"deep"}}"#)))
        .await;
    let error = ann.error().await;
    assert_eq!((&error["id"], &error["roomId"]), (&json!("deep"), &json!("general")));
}
