//! The WebSocket on the wire: what is negotiated, what breaks the protocol, and how long a silent peer is borne.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::TestServer;
use crate::support::jwt::token;

/// Opens a WebSocket by hand; gives the stream and the head of the answer.
async fn handshake(server: &TestServer, query: &str, headers: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let ask = format!(
        "GET /ws/chat?token={}{query} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n",
        token("ann"),
        server.addr
    );
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_lowercase())
}

/// A client's frame, as `first` (FIN, reserved bits and opcode) and a payload; masked by zeros, which is a mask.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, true)
}

fn frame(first: u8, payload: &[u8], is_masked: bool) -> Vec<u8> {
    let bit = u8::from(is_masked) << 7;
    let mut bytes = vec![first];
    match payload.len() {
        small @ 0..126 => bytes.push(bit | u8::try_from(small).unwrap()),
        middle @ 126..65536 => {
            bytes.push(bit | 126);
            bytes.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        large => {
            bytes.push(bit | 127);
            bytes.extend((large as u64).to_be_bytes());
        }
    }
    if is_masked {
        bytes.extend([0; 4]);
    }
    bytes.extend(payload);
    bytes
}

/// Reads the server's frames until its close, and gives the code.
async fn close_code(stream: &mut TcpStream) -> u16 {
    let reading = async {
        loop {
            let opcode = stream.read_u8().await.unwrap() & 0x0f;
            let length = match stream.read_u8().await.unwrap() {
                126 => usize::from(stream.read_u16().await.unwrap()),
                127 => usize::try_from(stream.read_u64().await.unwrap()).unwrap(),
                small => usize::from(small),
            };
            let mut payload = vec![0; length];
            stream.read_exact(&mut payload).await.unwrap();
            if opcode == 8 {
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("a close")
}

#[tokio::test]
async fn s06_a_subprotocol_is_chosen_only_where_it_is_known_and_nothing_is_echoed() {
    let server = TestServer::start(&[]).await;
    let secret = token("ann");
    for (offered, chosen) in [
        ("tidings.v1".to_owned(), Some("tidings.v1")),
        ("chat, tidings.v1".to_owned(), Some("tidings.v1")),
        ("tidings.v2".to_owned(), None),
        ("TIDINGS.V1".to_owned(), None),
        (format!("bearer, {secret}"), None),
    ] {
        let (_stream, head) = handshake(&server, "", &format!("Sec-WebSocket-Protocol: {offered}\r\n")).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        let said = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        assert_eq!(said, chosen, "{offered}");
        assert!(!head.contains(&secret.to_lowercase()));
    }
}

#[tokio::test]
async fn s07_what_breaks_the_protocol_is_closed_with_the_code_that_says_why() {
    let server = TestServer::start(&[]).await;
    let text = br#"{"type":"PING","id":"p"}"#;
    let long = vec![b' '; 65_537];
    let half = vec![b' '; 40_000];
    let pieces = [masked(0x01, &half), masked(0x80, &half)].concat();
    let cases: [(&str, Vec<u8>, u16); 10] = [
        ("a frame without a mask", frame(0x81, text, false), 1002),
        ("a reserved bit", masked(0xc1, text), 1002),
        ("an opcode that is none", masked(0x83, text), 1002),
        ("a ping in pieces", masked(0x09, b"x"), 1002),
        ("a long ping", masked(0x89, &[b'x'; 126]), 1002),
        ("a piece of nothing", masked(0x80, text), 1002),
        ("bad UTF-8", masked(0x81, &[b'"', 0xff, b'"']), 1007),
        ("a binary frame", masked(0x82, text), 1003),
        ("a frame over 64 KiB", masked(0x81, &long), 1009),
        ("pieces over 64 KiB", pieces, 1009),
    ];
    for (what, bytes, code) in cases {
        let (mut stream, _) = handshake(&server, "", "").await;
        stream.write_all(&bytes).await.unwrap();
        assert_eq!(close_code(&mut stream).await, code, "{what}");
    }
}

#[tokio::test]
async fn s07_a_frame_that_only_says_it_is_long_costs_nothing() {
    let server = TestServer::start(&["--max-connections-per-user", "64"]).await;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = resident();
    for _ in 0..50 {
        let (mut stream, _) = handshake(&server, "", "").await;
        // 1 TiB, it says.
        stream.write_all(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await.unwrap();
        assert_eq!(close_code(&mut stream).await, 1009);
    }
    assert!(resident() < before + 16 * 1024, "{before} KiB before, {} after", resident());
}

#[tokio::test]
async fn s08_compression_is_not_negotiated_so_there_is_no_bomb() {
    let server = TestServer::start(&[]).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let (mut stream, head) = handshake(&server, "", offer).await;
    assert!(head.starts_with("http/1.1 101") && !head.contains("sec-websocket-extensions"), "{head}");
    // "hi", compressed: the bit that says so is a reserved one here.
    stream.write_all(&masked(0xc1, &[0xca, 0xc8, 0x04, 0x00])).await.unwrap();
    assert_eq!(close_code(&mut stream).await, 1002);
}

#[tokio::test]
async fn s09_a_peer_that_answers_no_ping_is_given_up_and_so_is_one_that_does_not_say_where_it_stands() {
    let server = TestServer::start(&["--heartbeat", "500ms"]).await;
    let began = Instant::now();
    let silent = async {
        let (mut stream, _) = handshake(&server, "", "").await;
        assert_eq!(close_code(&mut stream).await, 1001);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    };
    let undecided = async {
        let (mut stream, _) = handshake(&server, "&clientSession=tab", "").await;
        let talking = async {
            let (mut reader, mut writer) = stream.split();
            let talk = async {
                loop {
                    writer.write_all(&masked(0x8a, b"")).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(400)).await;
                }
            };
            let mut all = Vec::new();
            let listen = async {
                while !all.windows(4).any(|w| w == [0x88, w[1], 0x0f, 0xa8]) {
                    all.push(reader.read_u8().await.unwrap());
                }
            };
            tokio::select! {
                () = talk => {}
                () = listen => {}
            }
        };
        // 4008, that is 0x0fa8.
        tokio::time::timeout(Duration::from_secs(15), talking).await.expect("a close with 4008");
        assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    };
    tokio::join!(silent, undecided);
}
