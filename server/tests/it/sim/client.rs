//! A client: the session that every client has, driven over the network of the simulation.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use tidings_client_core::{
    Closed, Command, Config, ConnId, Connect, Entry, Input, Instant as CoreInstant, Output, Rng, Session,
    Transport, Transports,
};
use tidings_protocol::{RoomId, UserId};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::net::Net;
use super::node::token;
use super::seen::Seen;
use super::trace::Trace;

/// What waits on one way within a client.
const WAY: usize = 4_096;

/// What the app wants.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Chat {
        room: &'static str,
        content: String,
    },
    Private {
        to: &'static str,
        content: String,
    },
    /// The machine has a network again.
    Wake,
}

/// A client's handle.
pub(super) struct Client {
    pub(super) name: String,
    pub(super) user: &'static str,
    pub(super) seen: Arc<Mutex<Seen>>,
    asks: mpsc::Sender<Ask>,
}

impl Client {
    /// Starts one, in all of these rooms.
    pub(super) fn start(
        seed: u64,
        number: usize,
        user: &'static str,
        rooms: &[&'static str],
        net: &Net,
        trace: &Trace,
    ) -> Self {
        let (asks, taken) = mpsc::channel(WAY);
        let name = format!("{user}/{number}");
        let seen = Arc::new(Mutex::new(Seen::new(name.clone(), trace.clone())));
        let mut rng = Rng::new([seed, 0x636c_6900 + number as u64]);
        let config = Config {
            transports: Transports::NONE.with(Transport::WebSocket),
            ..Config::new([rng.next_u64(), rng.next_u64()])
        };
        let (tell, said) = mpsc::channel(WAY);
        let driver = Driver {
            number,
            session: Session::new(config),
            began: Instant::now(),
            wake: None,
            links: HashMap::new(),
            tell,
            net: net.clone(),
            token: token(user),
            seen: Arc::clone(&seen),
        };
        let rooms = rooms.iter().map(|room| RoomId::new(*room).unwrap()).collect();
        tokio::spawn(driver.run(rooms, taken, said));
        Self { name, user, seen, asks }
    }

    pub(super) fn ask(&self, ask: Ask) {
        self.asks.try_send(ask).unwrap();
    }
}

struct Driver {
    number: usize,
    session: Session,
    began: Instant,
    wake: Option<Instant>,
    links: HashMap<ConnId, Link>,
    tell: mpsc::Sender<(ConnId, Said)>,
    net: Net,
    token: String,
    seen: Arc<Mutex<Seen>>,
}

/// A connection, of a task of its own.
struct Link {
    out: mpsc::Sender<String>,
    task: AbortHandle,
}

enum Said {
    Opened,
    Text(String),
    Closed(Closed),
}

impl Driver {
    async fn run(
        mut self,
        rooms: Vec<RoomId>,
        mut asks: mpsc::Receiver<Ask>,
        mut said: mpsc::Receiver<(ConnId, Said)>,
    ) {
        self.handle(Input::Command(Command::Connect));
        for room in rooms {
            self.handle(Input::Command(Command::Join { room, after: None }));
        }
        loop {
            let wake = self.wake;
            tokio::select! {
                biased;
                Some((conn, what)) = said.recv() => self.heard(conn, what),
                ask = asks.recv() => match ask {
                    Some(ask) => self.asked(ask),
                    None => return,
                },
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                    self.wake = None;
                    self.handle(Input::Timer);
                }
            }
        }
    }

    fn asked(&mut self, ask: Ask) {
        let (lane, content, entry) = match ask {
            Ask::Wake => return self.handle(Input::Online),
            Ask::Chat { room, content } => {
                let id = RoomId::new(room).unwrap();
                (room, content.clone(), Entry::Chat { room: id, content, reply_to: None })
            }
            Ask::Private { to, content } => {
                let recipient = UserId::new(to).unwrap();
                (to, content.clone(), Entry::Private { recipient, content, reply_to: None })
            }
        };
        let id = self.session.next_id();
        self.seen.lock().wants(id.as_str(), lane, content);
        self.handle(Input::Command(Command::Send { id, entry }));
    }

    fn heard(&mut self, conn: ConnId, what: Said) {
        if !self.links.contains_key(&conn) {
            return;
        }
        let input = match what {
            Said::Opened => Input::Opened(conn),
            Said::Text(text) => Input::Frame(conn, text),
            Said::Closed(closed) => {
                self.links.remove(&conn);
                Input::Closed(conn, closed)
            }
        };
        self.handle(input);
    }

    fn handle(&mut self, input: Input) {
        let now = CoreInstant::from_millis(u64::try_from(self.began.elapsed().as_millis()).unwrap());
        self.session.handle(input, now);
        while let Some(output) = self.session.poll_output() {
            match output {
                Output::Connect(connect) => self.connect(connect),
                Output::Send(conn, text) => {
                    if let Some(link) = self.links.get(&conn) {
                        link.out.try_send(text).unwrap();
                    }
                }
                Output::Close(conn, _) => {
                    if let Some(link) = self.links.remove(&conn) {
                        link.task.abort();
                    }
                }
                Output::Event(event) => self.seen.lock().hear(event),
                Output::WaitUntil(at) => self.wake = Some(self.began + Duration::from_millis(at.as_millis())),
                Output::Persist(_) => {}
                Output::RefreshToken => panic!("{output:?} is not to come here"),
            }
        }
        self.seen.lock().queued = self.session.queued();
    }

    fn connect(&mut self, connect: Connect) {
        let Connect { conn, payload, .. } = connect;
        let (out, taken) = mpsc::channel(WAY);
        let (net, tell) = (self.net.clone(), self.tell.clone());
        let (client, token) = (self.number, self.token.clone());
        let task = tokio::spawn(async move {
            let node = net.pick();
            let closed = carry(&net, client, node, &payload, &token, taken, |said| {
                let tell = tell.clone();
                async move { drop(tell.send((conn, said)).await) }
            });
            let closed = closed.await;
            let _ = tell.send((conn, Said::Closed(closed))).await;
        });
        self.links.insert(conn, Link { out, task: task.abort_handle() });
    }
}

/// A connection, from its upgrade to its end.
async fn carry<F: Future<Output = ()>>(
    net: &Net,
    client: usize,
    node: usize,
    query: &str,
    token: &str,
    mut out: mpsc::Receiver<String>,
    tell: impl Fn(Said) -> F,
) -> Closed {
    let mut request = format!("ws://sim/ws/chat?{query}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let Ok(pipe) = net.dial(client, node).await else { return Closed::default() };
    let socket = match client_async(request, pipe).await {
        Ok((socket, _)) => socket,
        Err(Error::Http(refusal)) => {
            let code = match refusal.status().as_u16() {
                503 => Some(1013),
                429 => Some(4029),
                status => panic!("refused with {status}"),
            };
            let wait = refusal.headers().get("retry-after").and_then(|wait| wait.to_str().ok()?.parse().ok());
            let retry_after_ms = wait.map(|seconds: u64| seconds * 1_000);
            return Closed { code, retry_after_ms, ..Closed::default() };
        }
        Err(_) => return Closed::default(),
    };
    tell(Said::Opened).await;
    let mut socket = pin!(socket);
    loop {
        tokio::select! {
            biased;
            text = out.recv() => {
                let Some(text) = text else { return Closed::default() };
                if socket.send(Message::text(text)).await.is_err() {
                    return Closed::default();
                }
            }
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => tell(Said::Text(text.as_str().to_owned())).await,
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| frame.code.into());
                    // The answer to the close frame.
                    while socket.next().await.is_some() {}
                    return Closed { code, ..Closed::default() };
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Closed::default(),
            }
        }
    }
}
