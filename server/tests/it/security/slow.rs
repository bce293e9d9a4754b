//! Slow peers of every kind at once: the good ones do not notice, and all that they held is free again.

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{TestServer, jwt};

/// How long good peers are timed while slow ones are there.
const WATCHED: Duration = Duration::from_secs(3);
/// Long enough to look at good peers meanwhile, also on a busy machine. The defaults are held to in `patience`.
const TIMEOUTS: [&str; 6] = ["--header-timeout", "10s", "--body-timeout", "10s", "--write-timeout", "10s"];
/// When all must be gone, after the last has come.
const EVICTED: Duration = Duration::from_secs(15);

/// How long an answer takes.
async fn timed(server: &TestServer) -> Duration {
    let began = Instant::now();
    assert_eq!(server.get("/healthz", &[]).await.status(), 200);
    began.elapsed()
}

/// The time that half of the answers exceed, and the one that one in a hundred does.
fn spread(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until no more files than these are open, and gives how many are.
async fn open_at_most(files: usize, patience: Duration) -> usize {
    let began = Instant::now();
    while open_files() > files && began.elapsed() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    open_files()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_thousand_slow_peers_of_every_kind_are_evicted_and_good_ones_do_not_notice() {
    let server = TestServer::start(&[&TIMEOUTS[..], &["--max-connections-per-ip", "5000"]].concat()).await;
    // What the machine is at besides is told by a server that nobody is slow to, asked in turn.
    let other = TestServer::start(&[]).await;
    tokio::join!(timed(&server), timed(&other));
    let files = open_files();

    let mut peers = Vec::new();
    let body = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 1000\r\n\r\n{";
    for n in 0..1_100 {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        match n % 11 {
            // Half a head; one slow body in eleven; the others say nothing.
            0..5 => stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap(),
            5 => stream.write_all(body.as_bytes()).await.unwrap(),
            _ => {}
        }
        peers.push(stream);
    }
    // A hundred ask for more than their small buffers hold, and take nothing of it.
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50);
    for _ in 0..100 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.addr).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        peers.push(stream);
    }
    let opened = Instant::now();
    let (mut times, mut others) = (Vec::new(), Vec::new());
    while opened.elapsed() < WATCHED {
        times.push(timed(&server).await);
        others.push(timed(&other).await);
    }
    // Two ends each, and what the process has open besides.
    assert!(open_files() >= 2 * peers.len(), "they were not there meanwhile");
    // Twice as long, and what one of the two may have met by chance; among the slowest that is more.
    let chance = [2, 100].map(Duration::from_millis);
    for ((during, without), chance) in spread(times).into_iter().zip(spread(others)).zip(chance) {
        assert!(during <= without * 2 + chance, "{during:?} with slow peers, {without:?} without");
    }

    // Their own ends stay open, and take nothing.
    let bound = files + peers.len() + 2;
    let left = open_at_most(bound, EVICTED.saturating_sub(opened.elapsed())).await;
    assert!(left <= bound, "{} are not evicted", left - bound);
    drop(peers);
    let left = open_at_most(files + 2, Duration::from_secs(10)).await;
    assert!(left <= files + 2, "what they held is not free again");
}

/// A session whose system takes little before it is read.
async fn slow_session(server: &TestServer, user: &str) -> WebSocketStream<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(server.addr).await.unwrap();
    let url = format!("ws://{}/ws/chat?token={}", server.addr, jwt::token(user));
    tokio_tungstenite::client_async(url, stream).await.unwrap().0
}

/// Waits until the server has counted a session as too slow.
async fn counted_as_slow(server: &TestServer) {
    let counted = async {
        while !server.numbers().await.contains("frames_dropped_total{reason=\"slow_session\"}") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), counted).await.expect("a slow session is given up");
}

/// One reads nothing in a room in which another writes this much; both by a WebSocket.
async fn closed_after(server: &TestServer, messages: usize) -> u16 {
    let mut slow = slow_session(server, "slow").await;
    let mut ann = slow_session(server, "ann").await;
    for socket in [&mut slow, &mut ann] {
        socket.send(Message::text(r#"{"type":"JOIN_ROOM","roomId":"r","id":"j"}"#)).await.unwrap();
        until(socket, |text| text.contains("\"ACK\"")).await;
    }
    let content = "x".repeat(16 * 1024);
    for n in 0..messages {
        let frame = serde_json::json!({ "type": "CHAT_MESSAGE", "roomId": "r", "id": format!("m{n}"), "content": content });
        ann.send(Message::text(frame.to_string())).await.unwrap();
        let ack = format!("\"id\":\"m{n}\"");
        until(&mut ann, |text| text.contains("\"ACK\"") && text.contains(&ack)).await;
    }
    counted_as_slow(server).await;
    // It begins to read again: what the system has taken, the rest of a frame, and why no more comes.
    loop {
        match slow.next().await {
            Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
            Some(Ok(_)) => {}
            end => panic!("it ends without a word: {end:?}"),
        }
    }
}

async fn until(socket: &mut WebSocketStream<TcpStream>, found: impl Fn(&str) -> bool) {
    while !matches!(socket.next().await, Some(Ok(Message::Text(text))) if found(&text)) {}
}

#[tokio::test]
async fn s10_a_session_that_takes_nothing_in_time_is_closed_as_too_slow() {
    let server = TestServer::start(&["--write-timeout", "300ms"]).await;
    // Far less than what may wait for a session.
    assert_eq!(closed_after(&server, 20).await, 4008);
}

#[tokio::test]
async fn s10_a_session_for_which_too_much_waits_is_closed_as_too_slow() {
    let server = TestServer::start(&["--write-timeout", "60s"]).await;
    // A mebibyte, twice where the first was much at once, and what the system takes.
    assert_eq!(closed_after(&server, 200).await, 4008);
}
