//! Servers, users and waiting.

use std::cell::RefCell;

use futures_channel::mpsc::{Receiver, channel};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_net::http::{Method, RequestBuilder};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use tidings_client::{Client, Config, Credentials, Event, Kind, SendState, State, Subscription};
use tidings_protocol::ClientId;

/// Longest wait for anything, in milliseconds: only a test that fails waits that long.
const PATIENCE_MS: u32 = 30_000;
/// More events than any test causes before it looks at them.
pub(crate) const MOST_EVENTS: usize = 1_000;
/// Where `e2e/support/control.js` listens.
const CONTROL: &str = "http://127.0.0.1:8731";
/// Signs the tokens of the test servers.
const SECRET: &str = "a secret that only test servers know, of 32 bytes and more";

/// A server process of the test's own.
pub(crate) struct Server {
    id: String,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn launch() -> Self {
        Self::made(json!({"options": ["--jwt-secret", SECRET]})).await
    }

    /// One behind a network that lets not everything through: `no-sockets` or `only-polls`.
    pub(crate) async fn launch_behind(way: &str) -> Self {
        Self::made(json!({"options": ["--jwt-secret", SECRET], "way": way})).await
    }

    /// The network lets everything through from now on.
    pub(crate) async fn widen(&self) {
        control(Method::POST, &format!("/servers/{}/widen", self.id), None).await;
    }

    async fn made(wish: Value) -> Self {
        let made = control(Method::POST, "/servers", Some(wish)).await;
        Self { id: made["id"].as_str().unwrap().to_owned(), url: made["url"].as_str().unwrap().to_owned() }
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self) {
        control(Method::POST, &format!("/servers/{}/kill", self.id), None).await;
    }

    /// The same database on the same port.
    pub(crate) async fn start(&self) {
        control(Method::POST, &format!("/servers/{}/start", self.id), None).await;
    }

    pub(crate) async fn dispose(self) {
        control(Method::DELETE, &format!("/servers/{}", self.id), None).await;
    }

    pub(crate) fn config(&self, user: &str) -> Config {
        Config::new(&*self.url, Credentials::Token(token(user, "")))
    }

    /// A connected client and what it hears.
    pub(crate) async fn client(&self, user: &str) -> (Client, Heard) {
        let client = Client::new(self.config(user));
        let mut heard = Heard::of(&client);
        client.connect();
        heard.state(State::Connected).await;
        (client, heard)
    }

    /// Sends a notification as a service would.
    pub(crate) async fn notify(&self, user: &str, title: &str) {
        let body = json!({"userId": user, "title": title, "message": "", "type": "test"});
        let request = RequestBuilder::new(&format!("{}/api/v1/notifications/send", self.url))
            .method(Method::POST)
            .header("authorization", &format!("Bearer {}", token("service", "notify")))
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        let answer = request.send().await.unwrap();
        assert!(answer.ok(), "{}", answer.text().await.unwrap());
    }
}

/// The events of one client, waiting to be looked at.
pub(crate) struct Heard {
    events: Receiver<Event>,
    _subscription: Subscription,
}

impl Heard {
    pub(crate) fn of(client: &Client) -> Self {
        let (tell, events) = channel(MOST_EVENTS);
        let tell = RefCell::new(tell);
        let subscription = client.subscribe(move |event| {
            tell.borrow_mut().try_send(event.clone()).expect("more events than a test looks at");
        });
        Self { events, _subscription: subscription }
    }

    /// The next event of which `pick` makes something; those before it are dropped.
    pub(crate) async fn next<T>(&mut self, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = pick(self.events.next().await.unwrap()) {
                    return found;
                }
            }
        };
        within_patience(what, found).await
    }

    pub(crate) async fn state(&mut self, wanted: State) {
        let of = |event| matches!(event, Event::Status(status) if status.state == wanted).then_some(());
        self.next(&format!("state {wanted:?}"), of).await;
    }

    /// The text of the next message in a room.
    pub(crate) async fn message(&mut self) -> String {
        let found = self.next("a message", |event| match event {
            Event::Frame(frame) if frame.kind() == Kind::ChatMessage => {
                serde_json::from_str::<Value>(frame.data()).ok()
            }
            _ => None,
        });
        found.await["content"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn acked(&mut self, id: &ClientId) {
        let of = |event| match event {
            Event::Sent { id: acked, state: SendState::Acked { .. } } => (acked == *id).then_some(()),
            _ => None,
        };
        self.next("the acknowledgement", of).await;
    }

    /// The entry is in the outbox, and outlives the page.
    pub(crate) async fn kept(&mut self, id: &ClientId) {
        let of = |event| match event {
            Event::Sent { id: kept, state: SendState::Queued } => (kept == *id).then_some(()),
            _ => None,
        };
        self.next("the entry", of).await;
    }

    pub(crate) async fn joined(&mut self) {
        let of = |event| {
            matches!(event, Event::Frame(frame) if frame.kind() == Kind::RoomParticipants).then_some(())
        };
        self.next("the answer to the join", of).await;
    }
}

pub(crate) async fn within_patience<T>(what: &str, wanted: impl Future<Output = T>) -> T {
    let wanted = std::pin::pin!(wanted);
    match select(wanted, TimeoutFuture::new(PATIENCE_MS)).await {
        Either::Left((found, _)) => found,
        Either::Right(_) => panic!("waited in vain for {what}"),
    }
}

async fn control(method: Method, path: &str, body: Option<Value>) -> Value {
    let request = RequestBuilder::new(&format!("{CONTROL}{path}"))
        .method(method)
        .header("content-type", "application/json")
        .body(body.map(|body| body.to_string()))
        .unwrap();
    let answer = request.send().await.expect("no control service: run `./x test-browser`");
    assert!(answer.ok(), "{path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
}

/// A token as the test servers' issuer makes it.
pub(crate) fn token(user: &str, scope: &str) -> String {
    let claims = json!({"sub": user, "exp": 4_102_444_800_u64, "scope": scope});
    let signed = format!(
        "{}.{}",
        base64url(br#"{"alg":"HS256","typ":"JWT"}"#),
        base64url(claims.to_string().as_bytes())
    );
    let signature = hmac_sha256::HMAC::mac(signed.as_bytes(), SECRET.as_bytes());
    format!("{signed}.{}", base64url(&signature))
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(*chunk.get(at).unwrap_or(&0)));
        (0..=chunk.len()).for_each(|at| text.push(char::from(LETTERS[bits >> (18 - 6 * at) & 63])));
    }
    text
}
