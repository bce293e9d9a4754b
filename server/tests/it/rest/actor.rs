//! Somebody who asks: a user with a token, or nobody.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{TestServer, client, jwt};

/// A server over the store that servers have, and the directory that holds it.
pub(crate) async fn durable() -> (TestServer, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (TestServer::start_durable(directory.path()).await, directory)
}

/// Somebody who asks.
pub(crate) struct Actor<'a> {
    server: &'a TestServer,
    http: reqwest::Client,
    token: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

impl<'a> Actor<'a> {
    pub(crate) fn new(server: &'a TestServer, user: &str) -> Self {
        Self::with_token(server, Some(jwt::token(user)))
    }

    pub(crate) fn scoped(server: &'a TestServer, user: &str, scope: &str) -> Self {
        Self::with_token(server, Some(jwt::scoped(user, scope)))
    }

    /// With a token for these rooms only.
    pub(crate) fn confined(server: &'a TestServer, user: &str, rooms: &[&str]) -> Self {
        let mut claims = jwt::claims(user);
        claims["rooms"] = json!(rooms);
        Self::with_token(server, Some(jwt::sign(&jwt::header("HS256"), &claims)))
    }

    pub(crate) fn anonymous(server: &'a TestServer) -> Self {
        Self::with_token(server, None)
    }

    fn with_token(server: &'a TestServer, token: Option<String>) -> Self {
        Self { server, http: client(), token }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method: Method = method.parse().unwrap();
        let mut request = self.http.request(method, self.server.url(path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// A body as it is, under this content type.
    pub(crate) async fn send(&self, path: &str, content_type: Option<&str>, body: Vec<u8>) -> Answer {
        let mut request = self.http.post(self.server.url(path)).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", path, Some(&body)).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        self.call("PUT", path, None).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    /// Creates a room that must not stand yet.
    pub(crate) async fn create(&self, room: &str, kind: &str, members: &[&str]) {
        let body = json!({ "roomId": room, "kind": kind, "members": members });
        self.post("/api/v1/rooms", body).await.expect(201);
    }

    /// Sends one frame, and returns the data of its `ACK`.
    pub(crate) async fn frame(&self, mut frame: Value) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        if frame["id"].is_null() {
            frame["id"] = json!(format!("frame-{next}"));
        }
        // A client session of its own for each frame: no rate applies here.
        let body = json!({ "clientSession": format!("tab-{next}"), "frames": [frame] });
        let answer = self.post("/api/v1/realtime/frames", body).await.expect(200);
        assert_eq!(answer["frames"][0]["type"], "ACK", "{answer}");
        answer["frames"][0]["data"].clone()
    }

    pub(crate) async fn join(&self, room: &str) {
        self.frame(json!({ "type": "JOIN_ROOM", "roomId": room })).await;
    }

    pub(crate) async fn say(&self, room: &str, content: &str) -> Value {
        self.frame(json!({ "type": "CHAT_MESSAGE", "roomId": room, "content": content })).await
    }

    pub(crate) async fn whisper(&self, to: &str, content: &str) -> Value {
        let data = json!({ "recipientId": to });
        self.frame(json!({ "type": "PRIVATE_MESSAGE", "content": content, "data": data })).await
    }
}

impl Answer {
    async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        let content_type = header("content-type").unwrap_or_default();
        let text = response.text().await.unwrap();
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(json!(text)) };
        Self { status, content_type, body }
    }

    /// The body, where the status is as expected.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The problem, where it has this status and code.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.content_type, "application/problem+json", "{}", self.body);
        let body = self.expect(status);
        assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)), "{body}");
        body
    }

    /// All but what differs from request to request.
    pub(crate) fn lasting(mut self) -> (u16, String, Value) {
        if let Some(object) = self.body.as_object_mut() {
            object.remove("requestId").expect("a problem names its request");
        }
        (self.status, self.content_type, self.body)
    }
}

/// What stands under `key` in each item of a list.
pub(crate) fn each<'v>(list: &'v Value, key: &str) -> Vec<&'v Value> {
    list.as_array().unwrap().iter().map(|item| &item[key]).collect()
}
