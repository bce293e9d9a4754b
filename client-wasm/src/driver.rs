//! The only caller of the session: what happens in the browser goes in, what the session wants done is done.
//!
//! No logic of the protocol is here, and no borrow is held while code of others runs: a callback may call the client.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use gloo_net::http::Method;
use tidings_client_core::{
    self as core, Closed, ConnId, Connect, Duration, Event, Input, Output, Persist, Session, Status, Stored,
};
use tidings_protocol::ClientId;
use wasm_bindgen_futures::spawn_local;

use crate::config::Config;
use crate::host::{self, Timer};
use crate::http::{Http, escape};
use crate::json;
use crate::listeners::{Listeners, Subscription};
use crate::page::{Page, PageEvent};
use crate::socket::{Socket, SocketEvent};
use crate::storage::Store;

/// A timer that is later than this has slept with the machine: what has arrived meanwhile is read first.
const OVERSLEPT: Duration = Duration::from_secs(1);
/// The time that it is given for that.
const READ_FIRST: Duration = Duration::from_millis(50);

/// One client's session and all that it drives.
pub(crate) struct Driver {
    config: Config,
    http: Http,
    session: RefCell<Session>,
    inputs: RefCell<VecDeque<Input>>,
    is_draining: Cell<bool>,
    socket: RefCell<Option<(ConnId, Socket)>>,
    /// The connection that the session wants now.
    wanted: Cell<Option<ConnId>>,
    timer: Timer,
    timer_due: Cell<Option<core::Instant>>,
    page: RefCell<Option<Page>>,
    storage: RefCell<Storage>,
    /// The session knows what its outbox begins with.
    has_begun: Cell<bool>,
    listeners: Rc<Listeners<[Event]>>,
}

/// Where the outbox is kept.
enum Storage {
    /// Nobody knows yet whose it is; this waits until that is known.
    Unknown(Vec<Persist>),
    Open(Store),
    /// Memory only.
    None,
}

impl Driver {
    pub(crate) fn new(config: Config, http: Http) -> Rc<Self> {
        let mut settings = core::Config::new(host::seed());
        settings.notifications = config.notifications;
        settings.refreshable_token = http.auth().is_refreshable();
        settings.storage = config.persistence;
        settings.max_attempts = config.max_attempts;
        settings.max_queued = config.max_queued;
        settings.max_queued_bytes = config.max_queued_bytes;
        let persistence = config.persistence;
        let storage = if persistence { Storage::Unknown(Vec::new()) } else { Storage::None };
        let driver = Rc::new_cyclic(|weak: &Weak<Self>| {
            let weak = weak.clone();
            Self {
                config,
                http,
                session: RefCell::new(Session::new(settings)),
                inputs: RefCell::default(),
                is_draining: Cell::new(false),
                socket: RefCell::new(None),
                wanted: Cell::new(None),
                timer: Timer::new(move || {
                    if let Some(driver) = weak.upgrade() {
                        driver.timer_fired();
                    }
                }),
                timer_due: Cell::new(None),
                page: RefCell::new(None),
                storage: RefCell::new(storage),
                has_begun: Cell::new(!persistence),
                listeners: Listeners::new(),
            }
        });
        driver.load_storage();
        driver
    }

    pub(crate) const fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn subscribe(&self, callback: impl Fn(&[Event]) + 'static) -> Subscription {
        self.listeners.add(callback)
    }

    pub(crate) fn command(self: &Rc<Self>, command: core::Command) {
        if command == core::Command::Connect {
            self.watch_page();
            if !self.has_begun.get() {
                self.ask_whose();
            }
        } else if matches!(command, core::Command::Close { .. }) {
            self.unwatch_page();
        }
        self.input(Input::Command(command));
    }

    pub(crate) fn next_id(&self) -> ClientId {
        self.session.borrow_mut().next_id()
    }

    pub(crate) fn status(&self) -> Status {
        self.session.borrow().status()
    }

    pub(crate) fn queued(&self) -> usize {
        self.session.borrow().queued()
    }

    pub(crate) fn outbox(&self) -> Vec<Stored> {
        self.session.borrow().outbox().collect()
    }

    pub(crate) fn user_id(&self) -> Option<String> {
        let named = self.session.borrow().user_id().map(str::to_owned);
        named.or_else(|| self.config.user_id.clone()).or_else(|| self.http.auth().user_id())
    }

    /// Takes one input, and everything that follows from it. While that runs, further inputs wait for their turn.
    fn input(self: &Rc<Self>, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.is_draining.replace(true) {
            return;
        }
        while let Some(input) = self.next_input() {
            let events = self.step(input);
            if !events.is_empty() {
                self.listeners.emit(events.as_slice());
            }
        }
        self.is_draining.set(false);
    }

    fn next_input(&self) -> Option<Input> {
        self.inputs.borrow_mut().pop_front()
    }

    fn step(self: &Rc<Self>, input: Input) -> Vec<Event> {
        let mut events = Vec::new();
        self.session.borrow_mut().handle(input, host::now());
        while let Some(output) = self.next_output() {
            match output {
                Output::Event(event) => events.push(event),
                Output::Connect(connect) => self.connect(connect),
                Output::Send(conn, text) => self.send(conn, &text),
                Output::Close(conn, code) => self.close(conn, code),
                Output::Persist(persist) => self.persist(persist),
                Output::RefreshToken => self.refresh_token(),
                Output::WaitUntil(moment) => {
                    self.timer_due.set(Some(moment));
                    self.timer.set(Some(moment));
                }
            }
        }
        events
    }

    fn next_output(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
    }

    fn connect(self: &Rc<Self>, connect: Connect) {
        self.wanted.set(Some(connect.conn));
        let driver = Rc::clone(self);
        spawn_local(async move {
            let token = driver.http.auth().token(connect.fresh_token).await;
            driver.load_storage();
            if driver.wanted.get() != Some(connect.conn) {
                return;
            }
            match token {
                Ok(token) => driver.open(&connect, token.as_deref()),
                Err(reason) => driver.closed(connect.conn, Closed { reason, ..Closed::default() }),
            }
        });
    }

    fn open(self: &Rc<Self>, connect: &Connect, token: Option<&str>) {
        let conn = connect.conn;
        let base = self.http.base().strip_prefix("http").unwrap_or_default();
        let mut url = ["ws", base, "/ws/chat?", &connect.query].concat();
        if let Some(token) = token {
            url.push_str("&token=");
            url.push_str(&escape(token));
        }
        let weak = Rc::downgrade(self);
        let opened = Socket::open(&url, move |event| {
            if let Some(driver) = weak.upgrade() {
                driver.socket_event(conn, event);
            }
        });
        match opened {
            Ok(socket) => {
                self.socket.replace(Some((conn, socket)));
            }
            Err(error) => {
                let reason =
                    error.as_string().unwrap_or_else(|| "the address is not one of a WebSocket".to_owned());
                self.closed(conn, Closed { reason, ..Closed::default() });
            }
        }
    }

    fn socket_event(self: &Rc<Self>, conn: ConnId, event: SocketEvent) {
        if self.wanted.get() != Some(conn) {
            return;
        }
        match event {
            SocketEvent::Opened => self.input(Input::Opened(conn)),
            SocketEvent::Text(text) => self.input(Input::Frame(conn, text)),
            SocketEvent::Closed { was_open: true, code, reason } => {
                self.closed(conn, Closed { code: Some(code), reason, retry_after_ms: None });
            }
            SocketEvent::Closed { was_open: false, .. } => self.ask_why(conn),
        }
    }

    /// A page is not told why an upgrade was refused; the HTTP interface, asked with the same token, says it.
    fn ask_why(self: &Rc<Self>, conn: ConnId) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            let answer = driver.http.exchange(Method::GET, "/api/v1/rooms?limit=1", None).await;
            let mut closed = Closed::default();
            if let Ok((status, text)) = answer {
                closed.code = match status {
                    401 => Some(4001),
                    403 => Some(4003),
                    429 => Some(4029),
                    503 => Some(1013),
                    _ => None,
                };
                let wait = json::field(&text, "retryAfterMs").and_then(|ms| ms.as_f64());
                closed.retry_after_ms = wait.map(|ms| ms as u64);
            }
            driver.closed(conn, closed);
        });
    }

    fn closed(self: &Rc<Self>, conn: ConnId, closed: Closed) {
        if self.wanted.get() == Some(conn) {
            self.let_go(conn);
            self.input(Input::Closed(conn, closed));
        }
    }

    fn send(&self, conn: ConnId, text: &str) {
        if let Some((open, socket)) = &*self.socket.borrow()
            && *open == conn
        {
            socket.send(text);
        }
    }

    fn close(&self, conn: ConnId, code: u16) {
        if let Some((open, socket)) = &*self.socket.borrow()
            && *open == conn
        {
            socket.close(code);
        }
        self.let_go(conn);
    }

    fn let_go(&self, conn: ConnId) {
        if self.wanted.get() == Some(conn) {
            self.wanted.set(None);
        }
        let socket = self.socket.borrow_mut().take_if(|(open, _)| *open == conn);
        drop(socket);
    }

    fn refresh_token(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            // Without a new one the server closes with 4001 when the old one ends, and the next connect asks again.
            if let Ok(Some(token)) = driver.http.auth().token(true).await {
                driver.input(Input::TokenReady(token));
            }
        });
    }

    fn timer_fired(self: &Rc<Self>) {
        let now = host::now();
        let overslept = self.timer_due.take().is_some_and(|due| now.since(due) > OVERSLEPT);
        if overslept {
            self.timer.set(Some(now + READ_FIRST));
        } else {
            self.input(Input::Timer);
        }
    }

    fn watch_page(self: &Rc<Self>) {
        if self.page.borrow().is_some() {
            return;
        }
        let weak = Rc::downgrade(self);
        let page = Page::watch(move |event| {
            if let Some(driver) = weak.upgrade() {
                driver.input(match event {
                    PageEvent::Online => Input::Online,
                    PageEvent::Offline => Input::Offline,
                    PageEvent::Visible => Input::Visible,
                    PageEvent::Hidden => Input::Hidden,
                });
            }
        });
        self.page.replace(Some(page));
    }

    fn unwatch_page(&self) {
        let page = self.page.take();
        drop(page);
    }

    /// Opens the store where it is known whose it is, and hands the session what an earlier page load left there.
    ///
    /// Without a user at hand the session begins with an empty outbox, so that it can connect at all. What it wants kept
    /// then waits for the first token, and what is in the store waits for the next page load.
    fn load_storage(self: &Rc<Self>) {
        let is_unknown = matches!(*self.storage.borrow(), Storage::Unknown(_));
        let user = self.config.user_id.clone().or_else(|| self.http.auth().user_id());
        if let Some(user) = user.filter(|_| is_unknown) {
            let store = Store::open(self.http.base(), &user);
            let outbox = store.as_ref().map(Store::outbox).unwrap_or_default();
            let next = store.map_or(Storage::None, Storage::Open);
            let waiting = self.storage.replace(next);
            if let Storage::Unknown(waiting) = waiting {
                waiting.into_iter().for_each(|persist| self.persist(persist));
            }
            self.begin_with(outbox);
        }
    }

    fn begin_with(self: &Rc<Self>, outbox: Vec<Stored>) {
        if !self.has_begun.replace(true) {
            self.input(Input::StorageLoaded(core::Storage { outbox, positions: None }));
        }
    }

    /// The token may say whose the store is.
    fn ask_whose(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            // An error is met again by the attempt to connect, which deals with it.
            let _ = driver.http.auth().token(false).await;
            driver.load_storage();
            driver.begin_with(Vec::new());
        });
    }

    fn persist(&self, persist: Persist) {
        match (&mut *self.storage.borrow_mut(), persist) {
            // Positions are not kept: a page that is loaded anew reads its history anew.
            (Storage::None, _) | (_, Persist::Positions(_)) => {}
            (Storage::Unknown(waiting), persist) => {
                // The newest word on an entry is the one that counts: what waits is bounded as the outbox is.
                waiting.retain(|earlier| entry_of(earlier) != entry_of(&persist));
                waiting.push(persist);
            }
            (Storage::Open(store), Persist::Put(entry)) => {
                store.put(&entry);
            }
            (Storage::Open(store), Persist::Remove(id)) => store.remove(&id),
            (Storage::Open(store), Persist::Forget) => store.forget(),
        }
    }
}

fn entry_of(persist: &Persist) -> Option<&ClientId> {
    match persist {
        Persist::Put(entry) => Some(&entry.id),
        Persist::Remove(id) => Some(id),
        Persist::Positions(_) | Persist::Forget => None,
    }
}
