use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{SyncSender, sync_channel};

use tidings_testbed::nginx::{Balance, Nginx};

/// A node that answers every request with its name, and hands on what it was asked.
fn node(name: &'static str, asked: SyncSender<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, asked) = (stream.unwrap(), asked.clone());
            std::thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                }
                let _ = asked.send(String::from_utf8(head).unwrap());
                let _ =
                    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{name}");
            });
        }
    });
    address
}

fn get(port: u16, target: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: chat.example.com\r\n{more}Connection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn nginx_takes_both_forms_of_the_configuration_that_is_shipped() {
    Nginx::test(Balance::RoundRobin).unwrap();
    Nginx::test(Balance::IpHash).unwrap();
}

#[test]
fn round_robin_asks_every_node_and_ip_hash_keeps_to_one() {
    let (asked, _asked) = sync_channel(100);
    let nodes = ["a", "b", "c"].map(|name| node(name, asked.clone()));
    let names = |balance| {
        let nginx = Nginx::start(balance, &nodes).unwrap();
        let mut names: Vec<String> = (0..12)
            .map(|_| get(nginx.port(), "/x", "").split_off(1).chars().last().unwrap().to_string())
            .collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(names(Balance::RoundRobin), ["a", "b", "c"]);
    assert_eq!(names(Balance::IpHash).len(), 1);
}

#[test]
fn a_node_that_is_gone_is_passed_over() {
    let (asked, _asked) = sync_channel(100);
    let there = node("a", asked);
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nginx = Nginx::start(Balance::RoundRobin, &[gone, there]).unwrap();
    for _ in 0..10 {
        assert!(get(nginx.port(), "/ws/chat", "").ends_with('a'));
    }
}

#[test]
fn connections_that_last_are_all_let_in_again_after_every_node_was_gone() {
    let gone = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let nodes = gone.map(|listener| listener.local_addr().unwrap());
    let nginx = Nginx::start(Balance::RoundRobin, &nodes).unwrap();
    for _ in 0..10 {
        assert!(get(nginx.port(), "/ws/chat", "").contains("502"));
    }
    for node in nodes {
        let listener = TcpListener::bind(node).unwrap();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                }
                write!(
                    stream,
                    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
                )
                .unwrap();
                held.push(stream);
            }
        });
    }
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(("127.0.0.1", nginx.port())).unwrap();
        write!(
            stream,
            "GET /ws/chat HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        )
        .unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(std::str::from_utf8(&status), Ok("HTTP/1.1 101"));
        open.push(stream);
    }
}

#[test]
fn nodes_are_told_who_asks_and_what_for_and_no_query_is_logged() {
    let (asked, heard) = sync_channel(100);
    let nginx = Nginx::start(Balance::RoundRobin, &[node("a", asked)]).unwrap();
    get(nginx.port(), "/ws/chat?token=secret-of-ann", "X-Forwarded-For: 10.9.8.7\r\nUpgrade: websocket\r\n");
    let head = heard.recv().unwrap();
    for line in [
        "GET /ws/chat?token=secret-of-ann HTTP/1.1",
        "Host: chat.example.com",
        "X-Forwarded-For: 10.9.8.7, 127.0.0.1",
        "X-Forwarded-Proto: http",
        "Upgrade: websocket",
        "Connection: upgrade",
    ] {
        assert!(head.lines().any(|found| found == line), "{line} is not in\n{head}");
    }
    // A node that does not answer makes nginx log an error, with the request line where it logs errors of requests.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let broken = Nginx::start(Balance::RoundRobin, &[gone]).unwrap();
    assert!(get(broken.port(), "/ws/chat?ticket=secret-of-bob", "").contains("502"));
    let logs = [nginx.logged(), broken.logged()].concat();
    assert!(logs.contains(r#""path":"/ws/chat""#) && logs.contains(r#""status":"502""#), "{logs}");
    assert!(!logs.contains("secret-of"), "{logs}");
}

#[test]
fn frames_of_a_stream_come_when_they_are_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nginx = Nginx::start(Balance::RoundRobin, &[listener.local_addr().unwrap()]).unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).unwrap();
    write!(client, "POST /api/v1/realtime/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    // The first connection is the one that asked whether nginx is there; it sent nothing on.
    let (mut node, _) = listener.accept().unwrap();
    let mut byte = [0];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        node.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    write!(node, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    for frame in ["data: one\n\n", "data: two\n\n"] {
        write!(node, "{:x}\r\n{frame}\r\n", frame.len()).unwrap();
        // The node keeps the connection: what comes now is not what was held back to the end.
        let mut came = Vec::new();
        while !came.ends_with(frame.as_bytes()) {
            client.read_exact(&mut byte).unwrap();
            came.extend(byte);
        }
    }
}

#[test]
fn after_a_reload_the_old_workers_end() {
    let (asked, _asked) = sync_channel(100);
    let nginx = Nginx::start(Balance::RoundRobin, &[node("a", asked)]).unwrap();
    get(nginx.port(), "/", "");
    let before = nginx.workers();
    assert!(!before.is_empty());
    nginx.reload().unwrap();
    while nginx.workers().iter().any(|worker| before.contains(worker)) {
        std::thread::yield_now();
    }
    assert!(get(nginx.port(), "/", "").ends_with('a'));
}
