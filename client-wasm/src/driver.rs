//! The only caller of the session: what happens in the browser goes in, what the session wants done is done.
//!
//! No logic of the protocol is here, and no borrow is held while code of others runs: a callback may call the client.

mod connecting;
mod keeping;
mod links;
mod requests;
mod sharing;

use alloc::borrow::ToOwned;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use tidings_client_core::{
    self as session, Duration, Event, Input, Output, Queue, Relay, Session, Status, Stored,
};
use tidings_protocol::ClientId;

use self::keeping::Storage;
use self::links::Links;
use self::sharing::Sharing;
use crate::config::Config;
use crate::host::{self, Timer};
use crate::http::Http;
use crate::listeners::{Listeners, Subscription};
use crate::page::{Page, PageEvent};

/// A timer that is later than this has slept with the machine: what has arrived meanwhile is read first.
const OVERSLEPT: Duration = Duration::from_secs(1);
/// The time that it is given for that.
const READ_FIRST: Duration = Duration::from_millis(50);

/// One client's session and all that it drives.
pub(crate) struct Driver {
    config: Config,
    http: Http,
    session: RefCell<Session>,
    /// What goes without a socket.
    relay: RefCell<Relay>,
    inputs: RefCell<Queue<Input>>,
    is_draining: Cell<bool>,
    links: Links,
    sharing: Sharing,
    timer: Timer,
    timer_due: Cell<Option<session::Instant>>,
    page: RefCell<Option<Page>>,
    storage: RefCell<Storage>,
    /// The session knows what its outbox begins with.
    has_begun: Cell<bool>,
    listeners: Rc<Listeners<[Event]>>,
}

impl Driver {
    pub(crate) fn new(config: Config, http: Http) -> Rc<Self> {
        let mut settings = session::Config::new(host::seed());
        settings.notifications = config.notifications;
        settings.refreshable_token = http.auth().is_refreshable();
        settings.storage = config.persistence;
        settings.transports = config.transports;
        settings.max_attempts = config.max_attempts;
        settings.max_queued = config.max_queued;
        settings.max_queued_bytes = config.max_queued_bytes;
        let persistence = config.persistence;
        let driver = Rc::new_cyclic(|weak: &Weak<Self>| {
            let weak = weak.clone();
            Self {
                config,
                http,
                session: RefCell::new(Session::new(settings)),
                relay: RefCell::default(),
                inputs: RefCell::default(),
                is_draining: Cell::new(false),
                links: Links::default(),
                sharing: Sharing::default(),
                timer: Timer::new(move || {
                    if let Some(driver) = weak.upgrade() {
                        driver.timer_fired();
                    }
                }),
                timer_due: Cell::new(None),
                page: RefCell::new(None),
                storage: RefCell::new(Storage::new(persistence)),
                has_begun: Cell::new(!persistence),
                listeners: Listeners::new(),
            }
        });
        let weak = Rc::downgrade(&driver);
        driver.http.auth().on_token(move || {
            if let Some(driver) = weak.upgrade() {
                driver.had_token();
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

    pub(crate) fn command(self: &Rc<Self>, command: session::Command) {
        if matches!(command, session::Command::Connect) {
            self.watch_page();
        } else if matches!(command, session::Command::Close { .. }) {
            self.unwatch_page();
        } else if matches!(command, session::Command::Reconnect) {
            self.wake_leader();
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
        self.session.borrow().outbox()
    }

    pub(crate) fn user_id(&self) -> Option<String> {
        let named = self.session.borrow().user_id().map(str::to_owned);
        named.or_else(|| self.config.user_id.clone()).or_else(|| self.http.auth().user_id())
    }

    /// Takes one input, and everything that follows from it. While that runs, further inputs wait for their turn.
    fn input(self: &Rc<Self>, input: Input) {
        self.inputs.borrow_mut().push(input);
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
        self.inputs.borrow_mut().pop()
    }

    fn step(self: &Rc<Self>, input: Input) -> Vec<Event> {
        let mut events = Vec::new();
        let connects = matches!(input, Input::Command(session::Command::Connect));
        let closes = matches!(input, Input::Command(session::Command::Close { .. }));
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
        self.settle_sharing();
        if closes {
            self.close_storage();
        } else if connects && !self.has_begun.get() {
            self.ask_whose();
        }
        events
    }

    fn next_output(&self) -> Option<Output> {
        self.session.borrow_mut().poll_output()
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
}
