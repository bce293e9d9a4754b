//! The task of one client: the only caller of its `Session`, without logic of its own.

mod connect;
mod decoder;
mod link;
mod refusal;
mod relaying;
mod requests;
mod socket;
mod waiters;

use std::collections::VecDeque;
use std::future::{pending, poll_fn};

use tidings_client_core::{
    Command, Config as CoreConfig, ConnId, Connect, Duration, Event, Input, Output, Relay, Session, State,
    Status, Transport,
};
use tidings_protocol::{ClientId, RoomId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant as Clock, sleep_until};

use crate::config::{Config, Fetching, Tokens};
use crate::error::{JoinError, SendError};
use crate::sent::Acked;
use connect::connect;
use link::{Come, Link, Links, Said};
use requests::Requests;
use waiters::Waiters;

/// What a handle asks for.
pub(crate) enum Request {
    Command(Command),
    Join { room: RoomId, after: Option<u64>, answer: oneshot::Sender<Result<(), JoinError>> },
    Leave { room: RoomId, answer: oneshot::Sender<()> },
    Send { id: ClientId, command: Command, answer: oneshot::Sender<Result<Acked, SendError>> },
}

/// The wish to be closed, and where to say that it is done.
pub(crate) type Closing = oneshot::Sender<()>;

/// What comes from the handles.
pub(crate) struct Inbox {
    pub(crate) requests: mpsc::Receiver<Box<Request>>,
    pub(crate) closes: mpsc::Receiver<Closing>,
}

/// Events that may wait beside a full channel before no more requests are taken, and time stands still: a client whose
/// events nobody takes sleeps as a machine does.
const MAX_UNSENT: usize = 1_024;

/// Starts the task. What comes back shows the state of the connection.
pub(crate) fn spawn(
    config: Config,
    seed: [u64; 2],
    inbox: Inbox,
    events: mpsc::Sender<Box<Event>>,
) -> watch::Receiver<Status> {
    let core = CoreConfig {
        notifications: config.notifications,
        refreshable_token: config.token.is_refreshable(),
        transports: config.transports,
        look_up_after: Duration::from_millis(
            u64::try_from(config.look_up_after.as_millis()).unwrap_or(u64::MAX),
        ),
        max_attempts: config.max_attempts,
        ..CoreConfig::new(seed)
    };
    let session = Session::new(core);
    let (status, watched) = watch::channel(session.status());
    let tokens = Tokens::new(config.token.clone());
    let driver = Driver {
        config,
        tokens,
        requests: None,
        session,
        relay: Relay::default(),
        inputs: VecDeque::new(),
        started: Clock::now(),
        wake: None,
        links: Links::default(),
        refreshing: None,
        events: Some(events),
        unsent: VecDeque::new(),
        status,
        waiters: Waiters::default(),
    };
    tokio::spawn(driver.run(inbox));
    watched
}

struct Driver {
    config: Config,
    tokens: Tokens,
    /// Made when they are first needed: most clients have a socket.
    requests: Option<Requests>,
    session: Session,
    /// What goes without a socket.
    relay: Relay,
    /// What is to be told to the session.
    inputs: VecDeque<Input>,
    started: Clock,
    wake: Option<Clock>,
    links: Links,
    refreshing: Option<Fetching>,
    events: Option<mpsc::Sender<Box<Event>>>,
    /// Events that found the channel full. While there are any, nothing is read.
    unsent: VecDeque<Box<Event>>,
    status: watch::Sender<Status>,
    waiters: Waiters,
}

/// What the task waited for.
enum Woken {
    Request(Box<Request>),
    /// Asked for, or because no handle is left.
    Close(Option<Closing>),
    Link(ConnId, Said),
    Refreshed(Result<String, String>),
    RoomForEvents,
    Time,
}

impl Driver {
    async fn run(mut self, mut inbox: Inbox) {
        self.handle(Input::Command(Command::Connect));
        loop {
            match self.wait(&mut inbox).await {
                Woken::Close(answer) => break self.close(answer).await,
                Woken::Request(request) => self.request(*request),
                Woken::Link(conn, said) => self.hear(conn, said),
                Woken::Refreshed(token) => {
                    self.refreshing = None;
                    if let Ok(token) = token {
                        self.handle(Input::TokenReady(token));
                    }
                }
                Woken::RoomForEvents => self.flush_events(),
                Woken::Time => {
                    self.wake = None;
                    self.handle(Input::Timer);
                }
            }
        }
    }

    async fn wait(&mut self, inbox: &mut Inbox) -> Woken {
        let may_read = self.unsent.is_empty();
        let may_take = self.unsent.len() < MAX_UNSENT;
        let Self { links, refreshing, events, wake, .. } = self;
        let linked = poll_fn(|cx| links.poll(may_read, cx));
        let refreshed = async {
            match refreshing {
                Some(fetching) => fetching.await,
                None => pending().await,
            }
        };
        let room = async {
            match events {
                // Closed is as good as empty: what waits is dropped then.
                Some(events) if !may_read => drop(events.reserve().await),
                Some(_) | None => pending().await,
            }
        };
        let time = async {
            match *wake {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        tokio::select! {
            (conn, said) = linked => Woken::Link(conn, said),
            Some(request) = inbox.requests.recv(), if may_take => Woken::Request(request),
            answer = inbox.closes.recv() => Woken::Close(answer),
            token = refreshed => Woken::Refreshed(token),
            () = room => Woken::RoomForEvents,
            () = time, if may_take => Woken::Time,
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Command(command) => self.handle(Input::Command(command)),
            Request::Join { room, after, answer } => {
                let joined = self.session.is_joined(room.as_str());
                if joined {
                    // Nobody is there to hear where the answer fails.
                    let _ = answer.send(Ok(()));
                } else {
                    self.waiters.join(room.clone(), answer);
                }
                self.handle(Input::Command(Command::Join { room, after }));
            }
            Request::Leave { room, answer } => {
                if self.session.is_known(room.as_str()) {
                    self.waiters.leave(room.clone(), answer);
                } else {
                    let _ = answer.send(());
                }
                self.handle(Input::Command(Command::Leave { room }));
            }
            Request::Send { id, command, answer } => {
                self.waiters.send(id, answer);
                self.handle(Input::Command(command));
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.settle();
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect(request) => self.connect(request),
            Output::Send(conn, text) => {
                let now = self.now();
                if let Some(socket) = self.links.socket(conn) {
                    socket.send(text);
                } else {
                    self.relay.say(conn, text, now);
                }
            }
            Output::Close(conn, code) => {
                self.relay.close(conn);
                if let Some(Link::Socket(socket)) = self.links.end(conn) {
                    tokio::spawn(socket.close(code));
                }
            }
            // There is no storage: `Config::storage` is off.
            Output::Persist(_) => {}
            Output::RefreshToken => {
                let tokens = self.tokens.clone();
                self.refreshing = Some(Box::pin(async move { tokens.fetch(true).await }));
            }
            Output::Event(event) => self.tell(event),
            Output::WaitUntil(at) => {
                self.wake = Some(self.started + std::time::Duration::from_millis(at.as_millis()));
            }
        }
    }

    fn connect(&mut self, request: Connect) {
        if request.transport == Transport::WebSocket {
            let socket = connect(&self.config, &request.payload, self.tokens.clone(), request.fresh_token);
            self.links.begin(request.conn, Box::pin(async { socket.await.map(Come::Socket) }));
        } else {
            self.relay.open(request, self.now());
        }
    }

    fn tell(&mut self, event: Event) {
        self.waiters.hear(&event);
        if let Event::Status(status) = &event {
            self.status.send_replace(*status);
            if status.state == State::Closed {
                self.waiters.close();
            }
        }
        if self.events.is_some() {
            self.unsent.push_back(Box::new(event));
            self.flush_events();
        }
    }

    fn flush_events(&mut self) {
        while let (Some(events), Some(event)) = (&self.events, self.unsent.pop_front()) {
            match events.try_send(event) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(event)) => {
                    self.unsent.push_front(event);
                    return;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    self.events = None;
                    self.unsent.clear();
                }
            }
        }
    }

    async fn close(mut self, answer: Option<Closing>) {
        let links = self.links.end_all();
        self.handle(Input::Command(Command::Close { forget: false }));
        for link in links {
            if let Link::Socket(socket) = link {
                socket.close(1000).await;
            }
        }
        if let Some(answer) = answer {
            let _ = answer.send(());
        }
    }
}
