//! Slow peers of every kind at once: the good ones do not notice, and all that they held is free again.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::TestServer;

/// How long good peers are timed while slow ones are there.
const WATCHED: Duration = Duration::from_secs(3);
/// What the longest of the default timeouts (15 s for who takes nothing) may add to itself on a busy machine.
const EVICTED: Duration = Duration::from_secs(17);

/// How long an answer takes.
async fn timed(server: &TestServer) -> Duration {
    let began = Instant::now();
    assert_eq!(server.get("/healthz", &[]).await.status(), 200);
    began.elapsed()
}

/// The time that one answer in a hundred exceeds.
fn p99(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Waits until no more files are open.
async fn open_at_most(files: usize, patience: Duration) -> bool {
    let closing = async {
        while open_files() > files {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, closing).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_thousand_slow_peers_of_every_kind_are_evicted_and_good_ones_do_not_notice() {
    let server = TestServer::start(&["--max-connections-per-ip", "5000"]).await;
    // What the machine is at besides is told by a server that nobody is slow to, asked in turn.
    let other = TestServer::start(&[]).await;
    (timed(&server).await, timed(&other).await);
    let files = open_files();

    let began = Instant::now();
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
    let (mut times, mut others) = (Vec::new(), Vec::new());
    let watched = Instant::now();
    while watched.elapsed() < WATCHED {
        times.push(timed(&server).await);
        others.push(timed(&other).await);
    }
    assert!(open_files() >= files + 2 * peers.len() - 2, "they were all there meanwhile");
    let (during, without) = (p99(&mut times), p99(&mut others));
    let bound = without * 2 + Duration::from_millis(5);
    assert!(during <= bound, "{during:?} with slow peers, {without:?} without, of {}", times.len());

    // Their own ends stay open, and take nothing.
    let left = EVICTED.saturating_sub(began.elapsed());
    assert!(open_at_most(files + peers.len() + 2, left).await, "not all are evicted");
    drop(peers);
    assert!(open_at_most(files + 2, Duration::from_secs(10)).await, "what they held is not free again");
}
