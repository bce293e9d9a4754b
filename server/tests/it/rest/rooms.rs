//! Rooms and members.

use serde_json::json;

use super::actor::{Actor, durable, each};

#[tokio::test]
async fn a_room_is_created_once() {
    let (server, _directory) = durable().await;
    let (ann, bob) = (Actor::new(&server, "ann"), Actor::new(&server, "bob"));
    let body = json!({ "roomId": "den", "name": "The den", "kind": "private", "members": ["bob"] });
    let room = ann.post("/api/v1/rooms", body.clone()).await.expect(201);
    assert_eq!(room["name"], "The den");
    assert_eq!(
        (&room["kind"], &room["members"], &room["headSeq"]),
        (&json!("private"), &json!(2), &json!(0))
    );
    ann.post("/api/v1/rooms", body.clone()).await.refused(409, "CONFLICT");
    bob.post("/api/v1/rooms", body).await.refused(409, "CONFLICT");
    assert_eq!(bob.get("/api/v1/rooms/den").await.expect(200)["name"], "The den");
}

#[tokio::test]
async fn a_member_sees_what_is_unread_and_the_last_message() {
    let (server, _directory) = durable().await;
    let (ann, bob) = (Actor::new(&server, "ann"), Actor::new(&server, "bob"));
    ann.create("den", "private", &["bob"]).await;
    bob.say("den", "one's own does not count").await;
    ann.say("den", "first").await;
    ann.say("den", "second").await;
    let room = bob.get("/api/v1/rooms/den").await.expect(200);
    assert_eq!((&room["unread"], &room["readSeq"], &room["headSeq"]), (&json!(2), &json!(1), &json!(3)));
    assert_eq!(room["lastMessage"]["content"], "second");

    bob.frame(json!({ "type": "READ", "roomId": "den", "seq": 2 })).await;
    let rooms = bob.get("/api/v1/rooms").await.expect(200);
    assert_eq!((&rooms["rooms"][0]["unread"], &rooms["rooms"][0]["readSeq"]), (&json!(1), &json!(2)));
    bob.frame(json!({ "type": "READ", "roomId": "den", "seq": 3 })).await;
    assert_eq!(bob.get("/api/v1/rooms/den").await.expect(200)["unread"], 0);
    // Ann's own messages have moved her marker with them.
    assert_eq!(ann.get("/api/v1/rooms/den").await.expect(200)["unread"], 0);
}

#[tokio::test]
async fn a_direct_room_shows_its_peer_and_how_far_the_peer_has_read() {
    let (server, _directory) = durable().await;
    let (ann, bob) = (Actor::new(&server, "ann"), Actor::new(&server, "bob"));
    let ack = ann.whisper("bob", "hello").await;
    let room = &bob.get("/api/v1/rooms").await.expect(200)["rooms"][0];
    assert_eq!(
        (&room["kind"], &room["peerId"], &room["unread"]),
        (&json!("direct"), &json!("ann"), &json!(1))
    );
    bob.frame(json!({ "type": "READ", "roomId": ack["roomId"], "seq": 1 })).await;
    let room = &ann.get("/api/v1/rooms").await.expect(200)["rooms"][0];
    assert_eq!((&room["peerId"], &room["peerReadSeq"]), (&json!("bob"), &json!(1)));
}

#[tokio::test]
async fn rooms_are_listed_page_by_page() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    for number in 0..5 {
        ann.create(&format!("room-{number}"), "public", &[]).await;
    }
    ann.create("den", "private", &[]).await;
    let (mut after, mut seen, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page = ann.get(&format!("/api/v1/rooms?scope=public&limit=2&after={after}")).await.expect(200);
        let ids = each(&page["rooms"], "roomId");
        seen.extend(ids.iter().map(|id| id.as_str().unwrap().to_owned()));
        after = seen.last().unwrap().clone();
        pages += 1;
        if page["hasMore"] == false {
            break;
        }
    }
    assert_eq!(seen, ["room-0", "room-1", "room-2", "room-3", "room-4"]);
    assert_eq!(pages, 3);
    let all = ann.get("/api/v1/rooms?scope=mine").await.expect(200);
    assert_eq!((all["rooms"].as_array().unwrap().len(), &all["hasMore"]), (6, &json!(false)));
    let exact = ann.get("/api/v1/rooms?scope=public&limit=5").await.expect(200);
    assert_eq!(exact["hasMore"], false);
}

#[tokio::test]
async fn an_owner_changes_a_room_and_whom_it_holds() {
    let (server, _directory) = durable().await;
    let (ann, bob) = (Actor::new(&server, "ann"), Actor::new(&server, "bob"));
    ann.create("den", "private", &[]).await;
    bob.get("/api/v1/rooms/den").await.refused(403, "NOT_A_MEMBER");

    ann.put("/api/v1/rooms/den/members/bob").await.expect(204);
    ann.put("/api/v1/rooms/den/members/bob").await.expect(204);
    let members = bob.get("/api/v1/rooms/den/members").await.expect(200);
    assert_eq!(each(&members["members"], "userId"), ["ann", "bob"]);
    assert_eq!(each(&members["members"], "role"), ["owner", "member"]);

    bob.patch("/api/v1/rooms/den", json!({ "name": "Bob's" })).await.refused(403, "FORBIDDEN");
    bob.put("/api/v1/rooms/den/members/cat").await.refused(403, "FORBIDDEN");
    bob.delete("/api/v1/rooms/den/members/ann").await.refused(403, "FORBIDDEN");
    // A role is not something to ask for.
    let room = ann.patch("/api/v1/rooms/den", json!({ "name": "Den", "role": "owner", "headSeq": 9 })).await;
    let room = room.expect(200);
    assert_eq!((&room["name"], &room["headSeq"]), (&json!("Den"), &json!(0)));
    let opened = ann.patch("/api/v1/rooms/den", json!({ "kind": "public" })).await.expect(200);
    assert_eq!((&opened["kind"], &opened["name"]), (&json!("public"), &json!("Den")));

    bob.delete("/api/v1/rooms/den/members/bob").await.expect(204);
    let members = ann.get("/api/v1/rooms/den/members").await.expect(200);
    assert_eq!(each(&members["members"], "userId"), ["ann"]);
}

#[tokio::test]
async fn a_room_id_may_hold_whatever_a_path_can_encode() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    for (room, encoded) in
        [("café/général:1", "caf%C3%A9%2Fg%C3%A9n%C3%A9ral%3A1"), ("100%?#", "100%25%3F%23")]
    {
        ann.create(room, "private", &[]).await;
        ann.say(room, "hello").await;
        let page = ann.get(&format!("/api/v1/rooms/{encoded}/messages")).await.expect(200);
        assert_eq!(page["messages"][0]["roomId"], room);
    }
}

#[tokio::test]
async fn a_room_begins_with_a_bounded_number_of_members() {
    let (server, _directory) = durable().await;
    let ann = Actor::new(&server, "ann");
    let body = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
        json!({ "roomId": format!("room-{count}"), "kind": "public", "members": members })
    };
    ann.post("/api/v1/rooms", body(10_001)).await.refused(422, "LIMIT");
    let room = ann.post("/api/v1/rooms", body(1_000)).await.expect(201);
    assert_eq!(room["members"], 1_001);
    let page = ann.get("/api/v1/rooms/room-1000/members").await.expect(200);
    assert_eq!((page["members"].as_array().unwrap().len(), &page["hasMore"]), (200, &json!(true)));
    let last = ann.get("/api/v1/rooms/room-1000/members?after=u998").await.expect(200);
    assert_eq!((each(&last["members"], "userId"), &last["hasMore"]), (vec![&json!("u999")], &json!(false)));
}
