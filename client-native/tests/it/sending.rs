//! Entries and their answers.

use serde_json::json;
use tidings_client_native::Refusal;
use tidings_client_native::SendError;
use tidings_protocol::Code;

use crate::peer::{Server, soon};

#[tokio::test]
async fn a_message_is_done_when_it_is_acknowledged() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let sent = client.send("general", "hi").await.unwrap();
    let frame = peer.recv().await;
    assert_eq!((&frame["content"], frame["id"].as_str()), (&json!("hi"), Some(sent.id().as_str())));
    peer.ack(&frame, &json!({"roomId": "general", "messageId": "m1", "seq": 7})).await;
    let acked = soon(sent.done()).await.unwrap();
    assert_eq!((acked.seq, acked.duplicate), (Some(7), false));
    assert_eq!(acked.message_id.unwrap().as_str(), "m1");
}

#[tokio::test]
async fn every_kind_of_entry_can_be_sent() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    client.send_private("bob", "hi").await.unwrap();
    assert_eq!(peer.recv().await["data"], json!({"recipientId": "bob"}));
    client.edit("general", "m1", "new").await.unwrap();
    assert_eq!(peer.recv().await["type"], "EDIT_MESSAGE");
    client.delete("general", "m1").await.unwrap();
    assert_eq!(peer.recv().await["type"], "DELETE_MESSAGE");
    client.react("general", "m1", "+", true).await.unwrap();
    assert_eq!(peer.recv().await["remove"], true);
    client.read("general", 3).await.unwrap();
    assert_eq!(peer.recv().await["seq"], 3);
    assert!(client.send("no room", "hi").await.is_err());
}

#[tokio::test]
async fn a_message_outlives_its_connection() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let sent = client.send("general", "hi").await.unwrap();
    let first = peer.recv().await;
    drop(peer);
    let mut peer = server.greeted().await;
    let again = peer.recv().await;
    assert_eq!(again, first);
    peer.ack(&again, &json!({"seq": 1, "duplicate": true})).await;
    assert!(soon(sent.done()).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_refused_message_says_why_and_can_be_retried() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let sent = client.send("general", "hi").await.unwrap();
    let id = sent.id().clone();
    let frame = peer.recv().await;
    peer.refuse(&frame, "NOT_A_MEMBER").await;
    assert_eq!(soon(sent.done()).await, Err(SendError::Failed(Code::NotAMember)));

    let again = client.retry(&id).await;
    let frame = peer.recv().await;
    assert_eq!(frame["id"], id.as_str());
    peer.ack(&frame, &json!({"seq": 1})).await;
    assert_eq!(soon(again.done()).await.unwrap().seq, Some(1));
    assert_eq!(soon(client.retry(&id).await.done()).await, Err(SendError::Refused(Refusal::Unknown)));
}

#[tokio::test]
async fn a_message_that_is_not_answered_when_the_client_closes_says_so() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let sent = client.send("general", "hi").await.unwrap();
    peer.recv().await;
    tokio::join!(client.close(), peer.closed());
    assert_eq!(soon(sent.done()).await, Err(SendError::Closed));
}
