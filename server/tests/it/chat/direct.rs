//! Direct messages, the inbox, delivery.

use serde_json::json;

use crate::harness::Server;
use crate::support::client;

fn private(to: &str, id: &str, content: &str) -> serde_json::Value {
    json!({ "type": "PRIVATE_MESSAGE", "content": content, "data": { "recipientId": to }, "id": id })
}

#[tokio::test]
async fn a_direct_message_reaches_both_and_its_delivery_is_told() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    let mut phone = server.connect("ann").await;
    ann.send(private("bob", "p1", "psst")).await;
    let ack = ann.answer("p1").await;
    let to_bob = bob.expect("PRIVATE", "MESSAGE").await;
    assert_eq!((&to_bob["content"], &to_bob["senderId"]), (&json!("psst"), &json!("ann")));
    assert_eq!((&to_bob["recipientId"], &to_bob["inboxSeq"]), (&json!("bob"), &json!(1)));
    assert_eq!((&to_bob["seq"], &to_bob["roomId"]), (&json!(1), &ack["roomId"]));
    for own in [&mut ann, &mut phone] {
        let message = own.expect("PRIVATE", "MESSAGE").await;
        assert_eq!((&message["messageId"], &message["clientId"]), (&ack["messageId"], &json!("p1")));
    }
    let delivered = ann.expect("PRIVATE", "DELIVERED").await;
    assert_eq!(delivered, json!({ "messageId": ack["messageId"], "recipientId": "bob", "id": "p1" }));
}

#[tokio::test]
async fn a_direct_message_without_an_id_is_not_told_to_its_own_session() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    let mut phone = server.connect("ann").await;
    ann.send(json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" } })).await;
    bob.expect("PRIVATE", "MESSAGE").await;
    phone.expect("PRIVATE", "MESSAGE").await;
    ann.expect("PRIVATE", "DELIVERED").await;
    assert!(ann.so_far().await.iter().all(|f| f["category"] != "PRIVATE"));
}

#[tokio::test]
async fn who_was_away_finds_direct_messages_by_inbox_position() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    for n in 1..=3 {
        ann.send(private("bob", &format!("p{n}"), &format!("{n}"))).await;
        ann.answer(&format!("p{n}")).await;
    }
    assert!(ann.so_far().await.iter().all(|f| f["type"] != "DELIVERED"), "nobody was handed anything");
    let mut bob = server.connect_with(&crate::harness::token("bob"), "&clientSession=b1").await;
    assert_eq!(bob.hello["inboxSeq"], 3);
    bob.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "inboxAfter": 1, "id": "r" }))
        .await;
    bob.answer("r").await;
    for n in 2..=3 {
        let message = bob.expect("PRIVATE", "MESSAGE").await;
        assert_eq!((&message["inboxSeq"], &message["content"]), (&json!(n), &json!(n.to_string())));
    }
    let mut told = Vec::new();
    for _ in 1..=3 {
        told.push(ann.expect("PRIVATE", "DELIVERED").await["id"].clone());
    }
    assert_eq!(told, ["p1", "p2", "p3"], "what inboxAfter covers has been delivered too");
}

#[tokio::test]
async fn changes_of_a_direct_room_come_by_the_inbox() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.send(private("bob", "p", "x")).await;
    let ack = ann.answer("p").await;
    let edit = json!({
        "type": "EDIT_MESSAGE", "roomId": ack["roomId"], "messageId": ack["messageId"], "content": "y", "id": "e"
    });
    ann.send(edit).await;
    ann.answer("e").await;
    let edited = bob.expect("CHAT", "EDITED").await;
    assert_eq!(
        (&edited["seq"], &edited["inboxSeq"], &edited["content"]),
        (&json!(2), &json!(2), &json!("y"))
    );
    let reply = json!({ "type": "CHAT_MESSAGE", "roomId": ack["roomId"], "content": "z", "id": "c" });
    bob.send(reply).await;
    assert_eq!(bob.answer("c").await["seq"], 3);
    let mut message = ann.expect("PRIVATE", "MESSAGE").await;
    if message["senderId"] == "ann" {
        message = ann.expect("PRIVATE", "MESSAGE").await;
    }
    assert_eq!((&message["content"], &message["recipientId"]), (&json!("z"), &json!("ann")));
}

#[tokio::test]
async fn s20_a_direct_room_is_closed_to_everybody_else() {
    let server = Server::start(&[]).await;
    let (mut ann, mut eve) = (server.connect("ann").await, server.connect("eve").await);
    ann.send(private("bob", "p", "x")).await;
    let room = ann.answer("p").await["roomId"].clone();
    eve.send(json!({ "type": "JOIN_ROOM", "roomId": room, "id": "j" })).await;
    assert_eq!(eve.error().await["code"], "FORBIDDEN");
    eve.send(json!({ "type": "CHAT_MESSAGE", "roomId": room, "content": "x", "id": "c" })).await;
    assert_eq!(eve.error().await["code"], "NOT_A_MEMBER");
}

#[tokio::test]
async fn a_joined_direct_room_is_replayed_and_then_live_without_repetition() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    for n in 1..=3 {
        ann.send(private("bob", &format!("p{n}"), "x")).await;
        bob.expect("PRIVATE", "MESSAGE").await;
    }
    let room = ann.answer("p3").await["roomId"].clone();
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": room, "afterSeq": 1, "id": "j" })).await;
    bob.answer("j").await;
    ann.send(private("bob", "p4", "x")).await;
    ann.answer("p4").await;
    let mut seqs = Vec::new();
    while seqs.last() != Some(&4) {
        seqs.push(bob.expect("PRIVATE", "MESSAGE").await["seq"].as_u64().unwrap());
    }
    assert_eq!(seqs, [2, 3, 4]);
}

#[tokio::test]
async fn the_log_of_a_direct_room_says_where_each_entry_stands_in_the_inbox() {
    let server = Server::start(&[]).await;
    let (mut ann, mut cat) = (server.connect("ann").await, server.connect("cat").await);
    ann.send(private("bob", "p1", "one")).await;
    let first = ann.answer("p1").await;
    cat.send(private("bob", "c", "between")).await;
    cat.answer("c").await;
    let of_first = json!({ "roomId": first["roomId"], "messageId": first["messageId"] });
    let mut change = async |id: &str, frame: serde_json::Value| {
        let mut frame = frame;
        frame.as_object_mut().unwrap().extend(of_first.as_object().unwrap().clone());
        frame["id"] = json!(id);
        ann.send(frame).await;
        ann.answer(id).await;
    };
    change("e", json!({ "type": "EDIT_MESSAGE", "content": "edited" })).await;
    change("r", json!({ "type": "REACT", "emoji": "👍" })).await;
    change("d", json!({ "type": "DELETE_MESSAGE" })).await;
    let expected = [("MESSAGE", 1, 1), ("EDITED", 2, 3), ("REACTION", 3, 4), ("DELETED", 4, 5)];

    let mut bob = server.connect("bob").await;
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": first["roomId"], "afterSeq": 0, "id": "j" })).await;
    bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await;
    bob.answer("j").await;
    for (kind, seq, inbox_seq) in expected {
        let frame = bob.next().await;
        let data = &frame["data"];
        assert_eq!(
            (&frame["type"], &data["seq"], &data["inboxSeq"]),
            (&json!(kind), &json!(seq), &json!(inbox_seq)),
            "{frame}"
        );
    }
    let url = server.url(&format!("/api/v1/rooms/{}/log", first["roomId"].as_str().unwrap()));
    let page = client().get(url).bearer_auth(crate::harness::token("bob"));
    let page: serde_json::Value = page.send().await.unwrap().json().await.unwrap();
    let read: Vec<_> =
        page["frames"].as_array().unwrap().iter().map(|f| f["data"]["inboxSeq"].clone()).collect();
    assert_eq!(read, [1, 3, 4, 5]);
}

#[tokio::test]
async fn a_resumed_direct_room_leaves_no_hole_in_the_inbox() {
    let server = Server::start(&[]).await;
    let (mut ann, mut cat) = (server.connect("ann").await, server.connect("cat").await);
    let mut room = json!(null);
    for n in 1..=4 {
        ann.send(private("bob", &format!("a{n}"), &format!("a{n}"))).await;
        room = ann.answer(&format!("a{n}")).await["roomId"].clone();
        cat.send(private("bob", &format!("c{n}"), &format!("c{n}"))).await;
        cat.answer(&format!("c{n}")).await;
    }
    let mut bob = server.connect_with(&crate::harness::token("bob"), "&clientSession=b").await;
    let rooms = json!([{ "roomId": room, "afterSeq": 1 }]);
    let resume =
        json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 4, "id": "r" });
    bob.send(resume).await;
    bob.answer("r").await;
    let mut came = Vec::new();
    for _ in 0..5 {
        let message = bob.expect("PRIVATE", "MESSAGE").await;
        came.push((message["content"].as_str().unwrap().to_owned(), message["inboxSeq"].as_u64().unwrap()));
    }
    let expected = [("a2", 3), ("a3", 5), ("c3", 6), ("a4", 7), ("c4", 8)];
    assert_eq!(came, expected.map(|(content, at)| (content.to_owned(), at)));
    assert!(bob.so_far().await.iter().all(|f| f["category"] != "PRIVATE"));
}

#[tokio::test]
async fn a_message_that_was_never_handed_over_is_not_told_as_delivered() {
    let server = Server::start(&[]).await;
    let (mut ann, mut cat) = (server.connect("ann").await, server.connect("cat").await);
    for (who, id) in [(&mut ann, "a1"), (&mut cat, "c1")] {
        who.send(private("bob", id, "while bob is away")).await;
        who.answer(id).await;
    }
    let mut bob = server.connect("bob").await;
    ann.send(private("bob", "a2", "live")).await;
    bob.expect("PRIVATE", "MESSAGE").await;
    assert_eq!(ann.expect("PRIVATE", "DELIVERED").await["id"], "a2");
    // A session that says what it has seen, and is handed the rest.
    let mut phone = server.connect_with(&crate::harness::token("bob"), "&clientSession=p").await;
    phone.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "inboxAfter": 1 })).await;
    assert_eq!(ann.expect("PRIVATE", "DELIVERED").await["id"], "a1");
    assert_eq!(cat.expect("PRIVATE", "DELIVERED").await["id"], "c1");
}

#[tokio::test]
async fn what_a_joined_direct_room_replays_is_told_as_delivered() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.send(private("bob", "p1", "x")).await;
    let room = ann.answer("p1").await["roomId"].clone();
    let mut bob = server.connect("bob").await;
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": room, "afterSeq": 0 })).await;
    bob.expect("PRIVATE", "MESSAGE").await;
    assert_eq!(ann.expect("PRIVATE", "DELIVERED").await["id"], "p1");
}

#[tokio::test]
async fn nobody_writes_to_oneself() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    ann.send(private("ann", "p", "x")).await;
    let error = ann.error().await;
    assert_eq!((&error["code"], &error["field"]), (&json!("INVALID_FRAME"), &json!("data.recipientId")));
}
