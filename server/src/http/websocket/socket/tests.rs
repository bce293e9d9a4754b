use std::future::poll_fn;

use proptest::prelude::*;
use tokio::io::{DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;

use super::*;

type Client = WebSocketStream<DuplexStream>;

const LIMIT: usize = 1 << 20;

/// A server's socket and a client, with room for `buffer` bytes on the way.
async fn pair(buffer: usize) -> (Socket<DuplexStream>, Client) {
    let (near, far) = duplex(buffer);
    let client = WebSocketStream::from_raw_socket(far, Role::Client, None).await;
    (Socket::new(near, Vec::new(), LIMIT), client)
}

fn outgoing(lengths: &[usize]) -> (Outgoing, Vec<String>) {
    let mut frames = Outgoing::default();
    let texts: Vec<String> = lengths.iter().map(|l| "é".repeat(*l / 2) + &"x".repeat(*l % 2)).collect();
    texts.iter().for_each(|text| frames.push(text.clone().into()));
    (frames, texts)
}

/// What the client reads until it has `count` messages, pongs included.
async fn read(client: &mut Client, count: usize) -> Vec<Message> {
    use futures_util::StreamExt as _;
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(client.next().await.unwrap().unwrap());
    }
    messages
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn frames_of_any_length_arrive_whole_and_in_order_however_little_is_taken_at_a_time(
        lengths in prop::collection::vec(prop_oneof![0usize..300, 65_000usize..66_000], 1..80),
        buffer in 1usize..5_000,
    ) {
        runtime().block_on(async {
            let (mut socket, mut client) = pair(buffer).await;
            let (mut frames, texts) = outgoing(&lengths);
            let write = async {
                poll_fn(|cx| socket.poll_write(&mut frames, cx)).await.unwrap();
                assert!(frames.is_empty() && !socket.is_mid_frame());
            };
            let ((), messages) = tokio::join!(write, read(&mut client, texts.len()));
            let expected: Vec<Message> = texts.into_iter().map(Message::from).collect();
            assert_eq!(messages, expected);
        });
    }
}

#[tokio::test]
async fn an_answer_to_a_ping_goes_out_between_two_frames() {
    use futures_util::SinkExt as _;
    let (mut socket, mut client) = pair(64).await;
    let (mut frames, _) = outgoing(&[200, 10]);
    let blocked = poll_fn(|cx| Poll::Ready(socket.poll_write(&mut frames, cx))).await;
    assert!(blocked.is_pending() && socket.is_mid_frame());
    client.send(Message::Ping("here?".into())).await.unwrap();
    let ping = poll_fn(|cx| socket.poll_read(cx)).await.unwrap();
    assert_eq!(ping, Message::Ping("here?".into()));
    assert!(poll_fn(|cx| Poll::Ready(socket.poll_read(cx))).await.is_pending(), "nothing more was sent");
    assert!(socket.has_control());
    let write = async { poll_fn(|cx| socket.poll_write(&mut frames, cx)).await.unwrap() };
    let ((), messages) = tokio::join!(write, read(&mut client, 3));
    let kinds: Vec<bool> = messages.iter().map(Message::is_pong).collect();
    assert_eq!(kinds, [false, true, false]);
}

#[tokio::test]
async fn a_peer_that_pings_and_takes_no_answer_gets_no_memory_for_it() {
    use futures_util::SinkExt as _;
    let (mut socket, mut client) = pair(1 << 16).await;
    for _ in 0..100 {
        client.send(Message::Ping(vec![7; 120].into())).await.unwrap();
        poll_fn(|cx| socket.poll_read(cx)).await.unwrap();
    }
    assert!(socket.control.len() <= MAX_CONTROL);
    poll_fn(|cx| socket.poll_write(&mut Outgoing::default(), cx)).await.unwrap();
    assert!(read(&mut client, 1).await[0].is_pong());
}

#[test]
fn behind_a_frame_that_is_too_long_nothing_is_read() {
    runtime().block_on(async {
        let (near, mut far) = duplex(64);
        // A masked text of 2 MiB (RFC 6455, section 5.2), of which the head came with the handshake, and nothing else with it.
        let mut head = vec![0x81, 0xff];
        head.extend((2_u64 << 20).to_be_bytes());
        head.extend([0; 4]);
        let mut socket = Socket::new(near, head, LIMIT);
        let first = poll_fn(|cx| socket.poll_read(cx)).await;
        assert!(matches!(first, Err(Error::Capacity(_))), "{first:?}");
        tokio::io::AsyncWriteExt::write_all(&mut far, &[0x8a, 0x80, 0, 0, 0, 0]).await.unwrap();
        let second = poll_fn(|cx| socket.poll_read(cx)).await;
        assert!(matches!(second, Err(Error::AlreadyClosed)), "{second:?}");
    });
}
