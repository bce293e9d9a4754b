//! Spans to a collector: what a small one of the test's own gets by OTLP over HTTP.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::support::jwt::token;
use crate::support::process::{Process, program};
use crate::support::{SECRET, client};

/// A span as it came: its name, and its attributes of text.
#[derive(Debug)]
struct Span {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Span {
    fn says(&self, key: &str, value: &str) -> bool {
        self.attributes.iter().any(|(k, v)| k == key && v == value)
    }
}

/// The fields of a protobuf message that have a length: number and bytes.
fn fields(mut message: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(message: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (byte, rest) = message.split_first().unwrap();
            *message = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = number(&mut message);
        match tag & 7 {
            0 => drop(number(&mut message)),
            1 => message = &message[8..],
            5 => message = &message[4..],
            2 => {
                let length = usize::try_from(number(&mut message)).unwrap();
                let (field, rest) = message.split_at(length);
                found.push((tag >> 3, field));
                message = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    found
}

fn of(message: &[u8], number: u64) -> Vec<&[u8]> {
    fields(message).into_iter().filter(|(n, _)| *n == number).map(|(_, field)| field).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Key and text of `opentelemetry.proto.common.v1.KeyValue`.
fn attribute(message: &[u8]) -> Option<(String, String)> {
    let value = of(of(message, 2).first()?, 1).first().map(|value| text(value))?;
    Some((text(of(message, 1)[0]), value))
}

/// Of an `ExportTraceServiceRequest`: the service's name, and all spans.
fn read(request: &[u8]) -> (String, Vec<Span>) {
    let (mut service, mut spans) = (String::new(), Vec::new());
    for resource_spans in of(request, 1) {
        let resource = of(resource_spans, 1)[0];
        let attributes: Vec<_> = of(resource, 1).into_iter().filter_map(attribute).collect();
        service = attributes.iter().find(|(key, _)| key == "service.name").unwrap().1.clone();
        for span in of(resource_spans, 2).into_iter().flat_map(|scope| of(scope, 2)) {
            let attributes = of(span, 9).into_iter().filter_map(attribute).collect();
            spans.push(Span { name: text(of(span, 5)[0]), attributes });
        }
    }
    (service, spans)
}

#[tokio::test]
async fn spans_of_requests_and_frames_reach_a_collector_with_ids_and_without_tokens() {
    let (sender, mut came) = mpsc::channel(100);
    let take = move |body: Bytes| {
        let sender = sender.clone();
        async move { sender.send(body).await.unwrap() }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/v1/traces", post(take))).await.unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let mut serve = program(&["serve", "--dev", "--listen", "127.0.0.1:0", "--metrics-listen", "off"]);
    serve
        .env("TIDINGS_JWT_SECRET", SECRET)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
        .current_dir(&folder);
    let server = Process::start(&mut serve).await;
    let token = token("ann");

    let url = format!("http://{}/api/v1/rooms?token={token}", server.addr);
    let answer = client().get(url).bearer_auth(&token).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let url = format!("ws://{}/ws/chat?token={token}", server.addr);
    let mut socket = tokio_tungstenite::connect_async(url).await.unwrap().0;
    let Some(Ok(Message::Text(hello))) = socket.next().await else { panic!("no greeting") };
    let hello: serde_json::Value = serde_json::from_str(&hello).unwrap();
    let session = hello["data"]["sessionId"].as_str().unwrap().to_owned();
    socket.send(Message::text(r#"{"type":"PING","id":"p"}"#)).await.unwrap();
    while !socket.next().await.unwrap().unwrap().to_string().contains("PONG") {}
    drop(socket);
    server.terminate();
    let (code, log) = server.ended().await;
    assert_eq!(code, Some(0), "{log}");

    let (mut spans, signature) = (Vec::new(), token.rsplit('.').next().unwrap());
    while let Ok(Some(request)) = tokio::time::timeout(Duration::from_millis(200), came.recv()).await {
        assert!(!String::from_utf8_lossy(&request).contains(signature), "a token is among the spans");
        let (service, more) = read(&request);
        assert_eq!(service, "tidings-server");
        spans.extend(more);
    }
    assert!(spans.iter().any(|span| span.name == "request" && span.says("id", &id)), "{spans:?}");
    let frame =
        |span: &Span| span.name == "frame" && span.says("session", &session) && span.says("kind", "PING");
    assert!(spans.iter().any(frame), "{spans:?}");
}
