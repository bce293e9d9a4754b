//! People, and who is in a room now.

use serde_json::json;

use super::actor::{Actor, each};
use crate::support::socket::{say, until_type};
use crate::support::{Socket, TestServer, jwt};

/// Opens a session and joins the room; returns when the join is answered.
async fn enter(server: &TestServer, user: &str, room: &str) -> Socket {
    let mut socket = server.open(&format!("?token={}", jwt::token(user)), &[]).await.unwrap();
    let join = json!({ "type": "JOIN_ROOM", "roomId": room, "id": "join" });
    say(&mut socket, join).await;
    until_type(&mut socket, "ACK").await;
    socket
}

#[tokio::test]
async fn participants_are_those_with_a_session_in_the_room() {
    let server = TestServer::start(&[]).await;
    let ann = Actor::new(&server, "ann");
    ann.create("hall", "public", &["absent"]).await;
    let path = "/api/v1/rooms/hall/participants";
    let none = json!({ "participants": [], "count": 0, "hasMore": false });
    assert_eq!(ann.get(path).await.expect(200), none);

    let mut bob = enter(&server, "bob", "hall").await;
    let _cat = enter(&server, "cat", "hall").await;
    let _again = enter(&server, "cat", "hall").await;
    let page = ann.get(path).await.expect(200);
    assert_eq!(page["count"], 2);
    assert_eq!(page["participants"][0], json!({ "userId": "bob", "name": "bob", "status": "online" }));

    let away = json!({ "type": "PRESENCE", "status": "away", "id": "p" });
    say(&mut bob, away).await;
    until_type(&mut bob, "ACK").await;
    let first = ann.get(&format!("{path}?limit=1")).await.expect(200);
    assert_eq!((&first["participants"][0]["status"], &first["hasMore"]), (&json!("away"), &json!(true)));
    let rest = ann.get(&format!("{path}?limit=1&after=bob")).await.expect(200);
    assert_eq!(
        (each(&rest["participants"], "userId"), &rest["hasMore"]),
        (vec![&json!("cat")], &json!(false))
    );
}

#[tokio::test]
async fn people_are_found_by_the_beginning_of_id_or_name() {
    let server = TestServer::start(&[]).await;
    let mut claims = jwt::claims("u-17");
    claims["name"] = json!("Zoë Abel");
    let token = jwt::sign(&jwt::header("HS256"), &claims);
    let mut zoe = server.open(&format!("?token={token}"), &[]).await.unwrap();
    until_type(&mut zoe, "CONNECTION_ESTABLISHED").await;
    let ann = Actor::new(&server, "ann");
    ann.join("hall").await;

    let find = async |query: &str| ann.get(&format!("/api/v1/users?{query}")).await.expect(200);
    let found = find("q=zo").await;
    assert_eq!(found["users"], json!([{ "userId": "u-17", "name": "Zoë Abel", "status": "online" }]));
    assert_eq!(find("q=U-1").await, found);
    assert_eq!(find("q=abel").await["users"], json!([]), "not its middle");
    assert_eq!(each(&find("").await["users"], "userId"), ["ann", "u-17"]);
    assert_eq!(each(&find("q=ann").await["users"], "status"), ["offline"]);
    let one = find("limit=1").await;
    assert_eq!((one["users"].as_array().unwrap().len(), &one["hasMore"]), (1, &json!(true)));
}
