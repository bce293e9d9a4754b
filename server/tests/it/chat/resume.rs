//! Resuming: replay, gaps, epochs, fencing.

use serde_json::{Value, json};

use super::fallback;
use crate::harness::{Client, Server, seqs, token};
use crate::support::client;

async fn room_with(server: &Server, messages: u64) -> Client {
    let mut ann = server.connect("ann").await;
    ann.join("general").await;
    for n in 1..=messages {
        ann.say("general", &n.to_string(), &n.to_string()).await;
    }
    ann
}

async fn resume(server: &Server, session: &str, body: Value) -> Client {
    let mut bob = server.connect_with(&token("bob"), &format!("&clientSession={session}")).await;
    let mut frame = body;
    frame["type"] = "RESUME".into();
    frame["id"] = "r".into();
    bob.send(frame).await;
    bob
}

async fn until(client: &mut Client, last: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    while seen.last() != Some(&last) {
        seen.push(client.message().await["seq"].as_u64().unwrap());
    }
    seen
}

#[tokio::test]
async fn what_was_missed_comes_before_what_is_live_without_gap_or_overlap() {
    let server = Server::start(&[]).await;
    let mut ann = room_with(&server, 150).await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 10 }]);
    let mut bob = resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms })).await;
    for n in 151..=200 {
        ann.send(
            json!({ "type": "CHAT_MESSAGE", "roomId": "general", "content": "live", "id": n.to_string() }),
        )
        .await;
    }
    assert_eq!(bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 11);
    assert_eq!(until(&mut bob, 200).await, (11..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn past_the_replay_limit_a_gap_comes_and_then_the_newest() {
    let server = Server::start(&["--replay-limit", "5"]).await;
    let _ann = room_with(&server, 20).await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 3 }]);
    let mut bob = resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms })).await;
    let kinds = [bob.next().await, bob.next().await, bob.next().await];
    assert_eq!(kinds.each_ref().map(|f| f["type"].as_str().unwrap()), ["ROOM_PARTICIPANTS", "ACK", "GAP"]);
    assert_eq!(kinds[0]["data"]["replayFrom"], 16);
    assert_eq!(kinds[2]["data"], json!({ "roomId": "general", "from": 4, "to": 15, "reason": "LIMIT" }));
    assert_eq!(until(&mut bob, 20).await, (16..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_position_of_another_epoch_or_beyond_the_head_begins_anew_with_a_gap() {
    let server = Server::start(&["--replay-limit", "5"]).await;
    let _ann = room_with(&server, 8).await;
    for (session, epoch, after) in [("s1", "another", 2), ("s2", "test-epoch", 99)] {
        let rooms = json!([{ "roomId": "general", "afterSeq": after }]);
        let mut bob = resume(&server, session, json!({ "epoch": epoch, "rooms": rooms })).await;
        let gap = bob.expect("SYSTEM", "GAP").await;
        assert_eq!(gap, json!({ "roomId": "general", "from": 1, "to": 3, "reason": "EPOCH" }));
        assert_eq!(until(&mut bob, 8).await, (4..=8).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_refused_room_does_not_stop_the_others() {
    let server = Server::start(&[]).await;
    let mut ann = room_with(&server, 1).await;
    ann.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "cy" }, "id": "p" }),
    )
    .await;
    let closed = ann.answer("p").await["roomId"].clone();
    let rooms = json!([{ "roomId": closed, "afterSeq": 0 }, { "roomId": "general", "afterSeq": 0 }]);
    let mut bob = resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms })).await;
    let error = bob.error().await;
    assert_eq!((&error["code"], &error["roomId"]), (&json!("FORBIDDEN"), &closed));
    assert!(error.get("id").is_none(), "the one answer with the id is the ACK");
    bob.answer("r").await;
    assert_eq!(bob.message().await["seq"], 1);
}

#[tokio::test]
async fn who_has_left_or_was_put_out_meanwhile_is_not_brought_back_by_a_client_that_was_away() {
    let server = Server::start(&[]).await;
    let mut ann = room_with(&server, 1).await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 0 }]);
    let body = json!({ "epoch": "test-epoch", "rooms": rooms });
    for by in ["ann", "bob"] {
        let mut bob = server.connect("bob").await;
        bob.join("general").await;
        bob.close().await;
        let member = server.url("/api/v1/rooms/general/members/bob");
        assert_eq!(client().delete(&member).bearer_auth(token(by)).send().await.unwrap().status(), 204);

        let mut bob = resume(&server, "s", body.clone()).await;
        let error = bob.error().await;
        assert_eq!((&error["code"], &error["roomId"]), (&json!("NOT_A_MEMBER"), &json!("general")));
        bob.answer("r").await;
        let poll = json!({ "clientSession": "p", "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0 });
        let told = fallback::request(&server, "bob", "poll", poll).await.text().await.unwrap();
        assert!(told.contains("NOT_A_MEMBER"), "{told}");
        ann.say("general", by, by).await;
        assert!(bob.so_far().await.is_empty(), "he is out");
        // On purpose, he comes back.
        bob.join("general").await;
    }
}

#[tokio::test]
async fn a_session_that_was_away_stays_in_a_room_that_another_one_of_its_user_has_left_alone() {
    let server = Server::start(&["--presence-grace", "0s"]).await;
    let mut ann = room_with(&server, 1).await;
    let mut away = server.connect_with(&token("bob"), "&clientSession=away").await;
    away.send(json!({ "type": "RESUME", "rooms": [] })).await;
    away.join("general").await;
    away.close().await;
    ann.expect("SYSTEM", "USER_DISCONNECTED").await;
    let mut other = server.connect("bob").await;
    other.join("general").await;
    other.send(json!({ "type": "LEAVE_ROOM", "roomId": "general", "id": "l" })).await;
    other.answer("l").await;
    ann.say("general", "m", "meanwhile").await;

    let rooms = json!([{ "roomId": "general", "afterSeq": 1 }]);
    let mut away = resume(&server, "away", json!({ "epoch": "test-epoch", "rooms": rooms })).await;
    assert_eq!(away.message().await["content"], "meanwhile");
}

#[tokio::test]
async fn a_client_that_resumes_is_sent_nothing_of_its_inbox_before_it_has_said_where_it_stands() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    let mut bob = server.connect_with(&token("bob"), "&clientSession=s").await;
    ann.send(
        json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" }, "id": "p" }),
    )
    .await;
    ann.answer("p").await;
    assert_eq!(bob.so_far().await, Vec::<Value>::new());
    bob.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "inboxAfter": 0 })).await;
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["inboxSeq"], 1);
}

#[tokio::test]
async fn a_second_connection_of_the_same_client_session_fences_the_first() {
    let server = Server::start(&[]).await;
    let mut first = server.connect_with(&token("bob"), "&clientSession=s").await;
    let mut other_user = server.connect_with(&token("eve"), "&clientSession=s").await;
    let mut other_page = server.connect_with(&token("bob"), "&clientSession=t").await;
    let mut second = server.connect_with(&token("bob"), "&clientSession=s").await;
    assert_eq!(first.closed().await, 4009);
    for client in [&mut second, &mut other_user, &mut other_page] {
        client.so_far().await;
    }
}

#[tokio::test]
async fn a_silent_room_is_resumed_from_the_position_that_came_with_the_join() {
    let server = Server::start(&[]).await;
    let mut ann = room_with(&server, 3).await;
    let mut bob = server.connect("bob").await;
    let head = bob.join("general").await["headSeq"].clone();
    bob.close().await;
    ann.say("general", "4", "x").await;
    let rooms = json!([{ "roomId": "general", "afterSeq": head }]);
    let mut bob = resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms })).await;
    assert_eq!(bob.message().await["seq"], 4);
}

#[tokio::test]
async fn two_users_see_one_order_while_both_write() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = (server.connect("ann").await, server.connect("bob").await);
    ann.join("general").await;
    bob.join("general").await;
    for n in 0..100 {
        for client in [&mut ann, &mut bob] {
            client
                .send(json!({ "type": "CHAT_MESSAGE", "roomId": "general", "content": n.to_string() }))
                .await;
        }
    }
    let (mut to_ann, mut to_bob) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        to_ann.push(ann.message().await);
        to_bob.push(bob.message().await);
    }
    assert_eq!(to_ann, to_bob);
    let wrapped: Vec<_> = to_ann.iter().map(|data| json!({ "data": data })).collect();
    assert_eq!(seqs(&wrapped), (1..=200).collect::<Vec<_>>());
    let of_ann: Vec<_> =
        to_ann.iter().filter(|m| m["senderId"] == "ann").map(|m| m["content"].clone()).collect();
    assert_eq!(of_ann, (0..100).map(|n| json!(n.to_string())).collect::<Vec<_>>(), "each sender's own order");
}

#[tokio::test]
async fn a_resumed_direct_room_leaves_the_rest_of_the_inbox_its_own_position() {
    let server = Server::start(&[]).await;
    let (mut ann, mut cy) = (server.connect("ann").await, server.connect("cy").await);
    let private = |id: &str| json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" }, "id": id });
    ann.send(private("a1")).await;
    let room = ann.answer("a1").await["roomId"].clone();
    cy.send(private("c1")).await;
    cy.answer("c1").await;
    ann.send(private("a2")).await;
    ann.answer("a2").await;
    let rooms = json!([{ "roomId": room, "afterSeq": 0 }]);
    let mut bob =
        resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0 })).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(bob.expect("PRIVATE", "MESSAGE").await["clientId"].as_str().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["a1", "a2", "c1"], "every entry once");
    assert!(bob.so_far().await.iter().all(|f| f["category"] != "PRIVATE"));
}

#[tokio::test]
async fn a_live_session_that_says_where_its_inbox_stands_is_put_back_there() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    let private =
        json!({ "type": "PRIVATE_MESSAGE", "content": "x", "data": { "recipientId": "bob" }, "id": "p" });
    ann.send(private).await;
    ann.answer("p").await;
    let mut bob = server.connect("bob").await;
    bob.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "inboxAfter": 0, "id": "r" }))
        .await;
    bob.answer("r").await;
    assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["inboxSeq"], 1);
}

/// Bob in general, where there are these many messages, all of which he has seen.
async fn up_to_date(server: &Server, messages: u64) -> (Client, Client) {
    let ann = room_with(server, messages).await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 0 }]);
    let mut bob =
        resume(server, "s", json!({ "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0 })).await;
    bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await;
    bob.answer("r").await;
    (ann, bob)
}

#[tokio::test]
async fn a_session_that_asks_for_it_is_put_back_in_a_room_that_it_is_in_and_goes_on_from_there() {
    let server = Server::start(&[]).await;
    let (mut ann, mut bob) = up_to_date(&server, 150).await;
    assert_eq!(until(&mut bob, 150).await, (1..=150).collect::<Vec<_>>());
    let again = |id: &str, after: u64| {
        json!({ "type": "JOIN_ROOM", "roomId": "general", "id": id, "afterSeq": after, "epoch": "test-epoch",
            "rewind": true })
    };
    bob.send(again("j", 100)).await;
    ann.say("general", "151", "151").await;
    assert_eq!(bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 101);
    assert_eq!(until(&mut bob, 151).await, (101..=151).collect::<Vec<_>>());
    // A position ahead of the session's changes nothing, and neither does a join without the wish.
    bob.send(again("k", 151)).await;
    bob.send(json!({ "type": "JOIN_ROOM", "roomId": "general", "id": "l", "afterSeq": 100 })).await;
    for _ in 0..2 {
        assert_eq!(bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 152);
    }
    ann.say("general", "152", "152").await;
    assert_eq!(bob.message().await["seq"], 152);
}

#[tokio::test]
async fn two_positions_at_once_are_both_served_from_the_one_that_lies_further_back() {
    let server = Server::start(&[]).await;
    let (_ann, mut bob) = up_to_date(&server, 300).await;
    until(&mut bob, 300).await;
    for (id, after) in [("a", 200), ("b", 10), ("c", 250)] {
        let rooms = json!([{ "roomId": "general", "afterSeq": after }]);
        bob.send(
            json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": rooms, "id": id, "rewind": true }),
        )
        .await;
    }
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 290 {
        let seq = bob.message().await["seq"].as_u64().unwrap();
        // Whoever stands at a position sees no hole after it.
        assert!(seq <= 201 || seen.contains(&(seq - 1)), "{seq}");
        seen.insert(seq);
    }
    assert!(seen.contains(&11) && seen.contains(&300));
}

#[tokio::test]
async fn a_session_that_is_put_back_past_the_replay_limit_is_told_the_gap() {
    let server = Server::start(&["--replay-limit", "5"]).await;
    let (_ann, mut bob) = up_to_date(&server, 20).await;
    until(&mut bob, 20).await;
    bob.expect("SYSTEM", "GAP").await;
    let rooms = json!([{ "roomId": "general", "afterSeq": 3 }]);
    bob.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": rooms, "id": "a", "rewind": true }))
        .await;
    assert_eq!(bob.expect("SYSTEM", "ROOM_PARTICIPANTS").await["replayFrom"], 16);
    let gap = bob.expect("SYSTEM", "GAP").await;
    assert_eq!(gap, json!({ "roomId": "general", "from": 4, "to": 15, "reason": "LIMIT" }));
    assert_eq!(until(&mut bob, 20).await, (16..=20).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_inbox_that_is_put_back_brings_what_a_joined_direct_room_has_brought_already() {
    let server = Server::start(&[]).await;
    let mut ann = server.connect("ann").await;
    let private = |id: &str| json!({ "type": "PRIVATE_MESSAGE", "content": id, "data": { "recipientId": "bob" }, "id": id });
    for id in ["1", "2", "3"] {
        ann.send(private(id)).await;
    }
    let room = ann.answer("3").await["roomId"].clone();
    let rooms = json!([{ "roomId": room, "afterSeq": 0 }]);
    let mut bob =
        resume(&server, "s", json!({ "epoch": "test-epoch", "rooms": rooms, "inboxAfter": 0 })).await;
    for n in 1..=3 {
        assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["inboxSeq"], n);
    }
    bob.send(json!({ "type": "RESUME", "epoch": "test-epoch", "rooms": [], "inboxAfter": 1, "id": "a", "rewind": true }))
        .await;
    ann.send(private("4")).await;
    for n in 2..=4 {
        assert_eq!(bob.expect("PRIVATE", "MESSAGE").await["inboxSeq"], n);
    }
}
