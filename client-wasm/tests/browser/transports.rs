//! Where WebSockets do not get through: by streams, by polls, and back.

use tidings_client::{Client, Config, Event, State, Transport, Transports};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{Heard, Server};

async fn talk(ann: &Client, ann_hears: &mut Heard, bob: &Client, bob_hears: &mut Heard) {
    let general = "general".parse().unwrap();
    for (client, heard) in [(ann, &mut *ann_hears), (bob, &mut *bob_hears)] {
        client.join(&general, None);
        heard.joined().await;
    }
    for n in 0..10 {
        let text = format!("message {n}");
        let id = ann.send(&general, text.as_str(), None);
        assert_eq!(bob_hears.message().await, text);
        ann_hears.acked(&id).await;
    }
    bob.send(&general, "received", None);
    for heard in [ann_hears, bob_hears] {
        while heard.message().await != "received" {}
    }
}

#[wasm_bindgen_test]
async fn where_sockets_are_refused_two_clients_talk_by_streams_and_then_by_sockets() {
    let server = Server::launch_behind("no-sockets").await;
    let (ann, mut ann_hears) = server.client("ann").await;
    let (bob, mut bob_hears) = server.client("bob").await;
    assert_eq!((ann.state().transport, bob.state().transport), (Transport::Stream, Transport::Stream));
    talk(&ann, &mut ann_hears, &bob, &mut bob_hears).await;

    server.widen().await;
    let by_socket = |event| match event {
        Event::Status(status) if status.transport == Transport::WebSocket => Some(status.state),
        _ => None,
    };
    // The first look comes within half a minute; another network brings it at once.
    web_sys::window().unwrap().dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
    assert_eq!(ann_hears.next("the move", by_socket).await, State::Connected, "nobody sees the move");
    let general = "general".parse().unwrap();
    let id = ann.send(&general, "by a socket", None);
    ann_hears.acked(&id).await;
    assert_eq!(bob_hears.message().await, "by a socket");
    server.dispose().await;
}

#[wasm_bindgen_test]
async fn where_streams_are_held_back_too_two_clients_talk_by_polls() {
    let server = Server::launch_behind("only-polls").await;
    let (ann, mut ann_hears) = server.client("ann").await;
    assert_eq!(ann.state().transport, Transport::Poll);
    let config = Config { transports: Transports::NONE.with(Transport::Poll), ..server.config("bob") };
    let bob = Client::new(config);
    let mut bob_hears = Heard::of(&bob);
    bob.connect();
    bob_hears.state(State::Connected).await;
    talk(&ann, &mut ann_hears, &bob, &mut bob_hears).await;
    ann.close(false);
    bob.close(false);
    server.dispose().await;
}
