//! An echo on the server's own handshake, socket and closing, for a suite of tests from outside (`./x conformance`).

use std::process::Stdio;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::super::handshake::Handshake;
use super::*;
use crate::error;

/// The suite sends messages of 16 MiB.
const MAX_FRAME_BYTES: usize = 32 * 1024 * 1024;
/// The suite's program.
const SUITE: &str = "TIDINGS_CONFORMANCE_SUITE";
/// Compression, which the server does not offer.
const LEFT_OUT: [&str; 2] = ["12.*", "13.*"];
/// What the suite has beside.
const CASES: usize = 301;

async fn upgrade(handshake: Result<Handshake, error::Error>) -> Result<Response, error::Error> {
    let (answer, upgraded) = handshake?.accept();
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            echo(Socket::new(TokioIo::new(upgraded), Vec::new(), MAX_FRAME_BYTES)).await;
        }
    });
    Ok(answer)
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: Socket<S>) {
    let mut frames = Outgoing::default();
    loop {
        let next = poll_fn(|cx| {
            loop {
                if !frames.is_empty() || socket.has_control() {
                    match socket.poll_write(&mut frames, cx) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(_)) => return Poll::Ready(Next::Gone),
                        Poll::Pending => return Poll::Pending,
                    }
                }
                match socket.poll_read(cx) {
                    Poll::Ready(read) => return Poll::Ready(read.map_or_else(|e| broken(&e), Next::Message)),
                    Poll::Pending if socket.has_control() => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        match next.await {
            Next::Message(Message::Text(text)) => {
                frames.push(axum::extract::ws::Utf8Bytes::from(text.as_str()));
            }
            Next::Message(Message::Binary(bytes)) => {
                // The server itself sends no binary frame.
                let head = binary_head(bytes.len());
                let written = async {
                    socket.stream().write_all(&head).await?;
                    socket.stream().write_all(&bytes).await
                };
                if written.await.is_err() {
                    return;
                }
            }
            Next::Message(Message::Close(_)) => {
                socket.answer_close();
                let _ = flush(&mut socket, &mut frames).await;
                return;
            }
            Next::Broken(code) => return close(&mut socket, code).await,
            Next::Gone | Next::Stalled => return,
            Next::Message(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))
            | Next::Flushed
            | Next::Work(_) => {}
        }
    }
}

fn binary_head(length: usize) -> Vec<u8> {
    let mut head = vec![0x82];
    match u16::try_from(length) {
        Ok(short) if short < 126 => head.extend([short as u8]),
        Ok(medium) => head.extend([[126].as_slice(), &medium.to_be_bytes()].concat()),
        Err(_) => head.extend([[127].as_slice(), &(length as u64).to_be_bytes()].concat()),
    }
    head
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the suite: ./x conformance"]
async fn the_suite_finds_nothing_wrong_with_the_servers_websocket() {
    let suite = std::env::var(SUITE).expect("the path of the suite's program");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let server = axum::serve(listener, Router::new().route("/", get(upgrade)));
    let server = tokio::spawn(async move { server.await.unwrap() });
    let reports = tempfile::tempdir().unwrap();
    let mut command = Command::new(suite);
    for left_out in LEFT_OUT {
        command.args(["--exclude", left_out]);
    }
    let run = command.args(["--parallelism", "4", "--outdir"]).arg(reports.path()).arg(&address);
    let ended = run.stdin(Stdio::null()).output().await.unwrap();
    server.abort();
    let index = std::fs::read_to_string(reports.path().join("index.json"));
    let said =
        || String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    let index: serde_json::Value =
        serde_json::from_str(&index.unwrap_or_else(|_| panic!("{}", said()))).unwrap();
    let cases: Vec<(&String, &serde_json::Value)> =
        index.as_object().unwrap().values().flat_map(|agent| agent.as_object().unwrap()).collect();
    let of = |wanted: &str| {
        let cases = cases.iter().filter(|(_, result)| {
            ["behavior", "behaviorClose"].iter().any(|part| result[part].as_str() == Some(wanted))
        });
        cases.map(|(case, _)| case.as_str()).collect::<Vec<_>>()
    };
    println!("{} cases; failed: {:?}; not strict: {:?}", cases.len(), of("FAILED"), of("NON-STRICT"));
    assert_eq!(cases.len(), CASES, "{}", said());
    assert!(of("FAILED").is_empty());
    assert!(of("NON-STRICT").len() <= 2);
}
