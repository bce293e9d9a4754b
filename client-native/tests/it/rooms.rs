//! Joining, leaving, and the order of what comes.

use serde_json::json;
use tidings_client_native::{Config, Event, JoinError};
use tidings_protocol::Code;

use crate::peer::{Server, soon};

#[tokio::test]
async fn a_join_is_done_when_the_server_says_so() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let (joined, ()) = tokio::join!(client.join("general"), async {
        assert_eq!(peer.recv().await["roomId"], "general");
        peer.participants("general", 3).await;
    });
    joined.unwrap();
    soon(client.join("general")).await.expect("joined already");
}

#[tokio::test]
async fn a_refused_join_says_why() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let (joined, ()) = tokio::join!(client.join("private"), async {
        let join = peer.recv().await;
        peer.refuse(&join, "FORBIDDEN").await;
    });
    assert_eq!(joined, Err(JoinError::Refused(Code::Forbidden)));
    assert!(matches!(client.join("no room").await, Err(JoinError::Argument(_))));
}

#[tokio::test]
async fn a_join_waits_for_a_connection_and_ends_with_the_client() {
    let server = Server::start().await;
    let (client, _events, peer) = server.connected(server.config()).await;
    drop(peer);
    let (joined, ()) = tokio::join!(client.join("general"), async {
        let mut peer = server.greeted().await;
        assert_eq!(peer.recv().await["type"], "JOIN_ROOM");
        client.close().await;
    });
    assert_eq!(joined, Err(JoinError::Closed));
}

#[tokio::test]
async fn leaving_is_done_when_the_server_knows() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(server.config()).await;
    let (joined, ()) = tokio::join!(client.join("general"), async {
        peer.recv().await;
        peer.participants("general", 3).await;
    });
    joined.unwrap();
    let (left, ()) = tokio::join!(client.leave("general"), async {
        let leave = peer.recv().await;
        assert_eq!(leave["type"], "LEAVE_ROOM");
        peer.ack(&leave, &json!({})).await;
    });
    left.unwrap();
    soon(client.leave("general")).await.expect("left already");
}

#[tokio::test]
async fn no_frame_is_lost_where_the_app_is_slow_and_none_is_read_that_it_does_not_take() {
    let server = Server::start().await;
    let (client, mut events, mut peer) =
        server.connected(Config { event_buffer: 4, ..server.config() }).await;
    let (joined, ()) = tokio::join!(
        async {
            let joining = tokio::spawn({
                let client = client.clone();
                async move { client.join("general").await }
            });
            // Until the join is confirmed, the events must be taken.
            loop {
                if let Some(Event::Room { .. }) = events.recv().await {
                    break;
                }
            }
            joining.await.unwrap()
        },
        async {
            peer.recv().await;
            peer.participants("general", 0).await;
        }
    );
    joined.unwrap();
    const ALL: u64 = 5_000;
    let sending = tokio::spawn(async move {
        for seq in 1..=ALL {
            peer.message("general", seq, &"x".repeat(1_000)).await;
        }
        peer
    });
    let mut seqs = Vec::new();
    soon(async {
        while seqs.len() < ALL as usize {
            if let Some(Event::Frame(frame)) = events.recv().await
                && frame.kind().is_entry()
            {
                seqs.push(frame.seq().unwrap());
            }
        }
    })
    .await;
    assert!(seqs.iter().copied().eq(1..=ALL));
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn a_client_whose_events_nobody_takes_can_still_be_closed() {
    let server = Server::start().await;
    let (client, _events, mut peer) = server.connected(Config { event_buffer: 1, ..server.config() }).await;
    for seq in 1..=10 {
        peer.send("SYSTEM", "ROOM_COUNT", &json!({"roomId": "general", "count": seq})).await;
    }
    soon(client.close()).await;
}
