//! Slow peers of every kind at once: the good ones do not notice, and all that they held is free again.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::TestServer;

/// Requests of a good peer that are timed.
const SAMPLES: usize = 100;

/// The 99th of a hundred answers, in the order of their times.
async fn p99(server: &TestServer) -> Duration {
    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        assert_eq!(server.get("/healthz", &[]).await.status(), 200);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[SAMPLES - 2]
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_thousand_slow_peers_of_every_kind_are_evicted_and_good_ones_do_not_notice() {
    let timeouts = ["--header-timeout", "2s", "--body-timeout", "2s", "--write-timeout", "2s"];
    let server = TestServer::start(&[&timeouts[..], &["--max-connections-per-ip", "5000"]].concat()).await;
    let before = p99(&server).await;
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
    let ask = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(10);
    for _ in 0..100 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(server.addr).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        peers.push(stream);
    }
    let during = p99(&server).await;
    // Twice as long, and what a machine with other things to do adds to a few milliseconds.
    assert!(during <= before * 2 + Duration::from_millis(250), "{before:?} before, {during:?} during");

    let evicted = async {
        for mut stream in peers {
            // Closed or reset, both are an end.
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
    };
    tokio::time::timeout(Duration::from_secs(15), evicted).await.expect("all are evicted");
    let freed = async {
        while open_files() > files + 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), freed).await.expect("what they held is free again");
}
