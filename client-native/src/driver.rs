//! The task of one client: the only caller of its `Session`, without logic of its own.

mod connect;
mod socket;
mod waiters;

use std::collections::VecDeque;
use std::future::pending;
use std::pin::Pin;

use tidings_client_core::{
    Closed, Command, Config as CoreConfig, ConnId, Event, Input, Instant, Output, Session, State, Status,
};
use tidings_protocol::{ClientId, RoomId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant as Clock, sleep_until};

use crate::config::{Config, Fetching};
use crate::error::{JoinError, SendError};
use crate::sent::Acked;
use connect::connect;
use socket::{Heard, Socket};
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

/// Events that may wait beside a full channel before no more requests are taken.
const MAX_UNSENT: usize = 1_024;

type Connecting = Pin<Box<dyn Future<Output = Result<Box<Socket>, Closed>> + Send>>;

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
        max_attempts: config.max_attempts,
        ..CoreConfig::new(seed)
    };
    let session = Session::new(core);
    let (status, watched) = watch::channel(session.status());
    let driver = Driver {
        config,
        session,
        started: Clock::now(),
        wake: None,
        link: Link::None,
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
    session: Session,
    started: Clock,
    wake: Option<Clock>,
    link: Link,
    refreshing: Option<Fetching>,
    events: Option<mpsc::Sender<Box<Event>>>,
    /// Events that found the channel full. While there are any, nothing is read.
    unsent: VecDeque<Box<Event>>,
    status: watch::Sender<Status>,
    waiters: Waiters,
}

enum Link {
    None,
    Connecting(ConnId, Connecting),
    Open(ConnId, Box<Socket>),
}

/// What the task waited for.
enum Woken {
    Request(Box<Request>),
    /// Asked for, or because no handle is left.
    Close(Option<Closing>),
    Link(ConnId, Heard),
    Connected(ConnId, Result<Box<Socket>, Closed>),
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
                Woken::Link(conn, Heard::Text(text)) => self.handle(Input::Frame(conn, text)),
                Woken::Link(conn, Heard::Closed(closed)) | Woken::Connected(conn, Err(closed)) => {
                    self.link = Link::None;
                    self.handle(Input::Closed(conn, closed));
                }
                Woken::Connected(conn, Ok(socket)) => {
                    self.link = Link::Open(conn, socket);
                    self.handle(Input::Opened(conn));
                }
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
        let Self { link, refreshing, events, wake, .. } = self;
        let linked = async {
            match link {
                Link::None => pending().await,
                Link::Connecting(conn, connecting) => Woken::Connected(*conn, connecting.await),
                Link::Open(conn, socket) => Woken::Link(*conn, socket.turn(may_read).await),
            }
        };
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
            woken = linked => woken,
            Some(request) = inbox.requests.recv(), if may_take => Woken::Request(request),
            answer = inbox.closes.recv() => Woken::Close(answer),
            token = refreshed => Woken::Refreshed(token),
            () = room => Woken::RoomForEvents,
            () = time => Woken::Time,
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
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.session.handle(input, Instant::from_millis(now));
        while let Some(output) = self.session.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Connect(request) => {
                let connecting = connect(&self.config, &request.query, request.fresh_token);
                self.link = Link::Connecting(request.conn, Box::pin(connecting));
            }
            Output::Send(conn, text) => {
                if let Link::Open(open, socket) = &mut self.link
                    && *open == conn
                {
                    socket.send(text);
                }
            }
            Output::Close(_, code) => {
                if let Link::Open(_, socket) = std::mem::replace(&mut self.link, Link::None) {
                    tokio::spawn(socket.close(code));
                }
            }
            // There is no storage: `Config::storage` is off.
            Output::Persist(_) => {}
            Output::RefreshToken => {
                let token = self.config.token.clone();
                self.refreshing = Some(Box::pin(async move { token.get(true).await }));
            }
            Output::Event(event) => self.tell(event),
            Output::WaitUntil(at) => {
                self.wake = Some(self.started + std::time::Duration::from_millis(at.as_millis()));
            }
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
        let link = std::mem::replace(&mut self.link, Link::None);
        self.handle(Input::Command(Command::Close { forget: false }));
        if let Link::Open(_, socket) = link {
            socket.close(1000).await;
        }
        if let Some(answer) = answer {
            let _ = answer.send(());
        }
    }
}
