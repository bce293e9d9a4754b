//! Keeps one stream open: ticket, source, backoff, cursor.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::{Rc, Weak};
use alloc::string::String;
use core::cell::{Cell, RefCell};

use tidings_client_core::{Instant, Rng, json};

use super::fetched::Fetched;
use super::refusal::Refusal;
use super::retry::Retry;
use super::source::{Source, SourceEvent, StreamEventKind};
use super::{NotificationEvent, StreamState, StreamStatus};
use crate::config::Config;
use crate::host::{self, Timer};
use crate::http::{Answer, Ask, Http, HttpError, Span, escape};
use crate::listeners::{Listeners, Subscription};
use crate::page::{Page, PageEvent};
use crate::storage::CursorStore;
use crate::text::joined;

/// The stream's state. All of it is in cells that are borrowed for one statement at a time, since events come in from
/// the browser and go out to callbacks that may call back.
pub(super) struct Stream {
    http: Http,
    user: RefCell<Option<String>>,
    listeners: Rc<Listeners<NotificationEvent>>,
    status: Cell<StreamStatus>,
    cursor: RefCell<Option<String>>,
    store: RefCell<Option<CursorStore>>,
    persistence: bool,
    /// Counts attempts, so that one that was overtaken says nothing any more.
    attempt: Cell<u32>,
    source: RefCell<Option<Open>>,
    /// The token goes in a header, by `fetch`.
    by_header: bool,
    retry: RefCell<Retry>,
    timer: Timer,
    page: RefCell<Option<Page>>,
}

impl Stream {
    pub(super) fn new(http: Http, config: &Config) -> Rc<Self> {
        Rc::new_cyclic(|weak: &Weak<Self>| {
            let weak = weak.clone();
            let idle = StreamStatus { state: StreamState::Idle, next_retry_at: None, attempts: 0 };
            let stream = Self {
                user: RefCell::new(config.user_id.clone()),
                http,
                listeners: Listeners::new(),
                status: Cell::new(idle),
                cursor: RefCell::new(None),
                store: RefCell::new(None),
                persistence: config.persistence,
                attempt: Cell::new(0),
                source: RefCell::new(None),
                by_header: config.notification_header || !Source::exists(),
                retry: RefCell::new(Retry::new(Rng::new(host::seed()), config.max_attempts)),
                timer: Timer::new(move || {
                    if let Some(stream) = weak.upgrade() {
                        stream.attempt();
                    }
                }),
                page: RefCell::new(None),
            };
            stream.find_store();
            stream
        })
    }

    pub(super) const fn http(&self) -> &Http {
        &self.http
    }

    pub(super) const fn status(&self) -> StreamStatus {
        self.status.get()
    }

    pub(super) fn cursor(&self) -> Option<String> {
        self.cursor.borrow().clone()
    }

    pub(super) fn subscribe(&self, callback: impl Fn(&NotificationEvent) + 'static) -> Subscription {
        self.listeners.add(callback)
    }

    pub(super) fn connect(self: &Rc<Self>) {
        if !matches!(self.status.get().state, StreamState::Idle | StreamState::Closed) {
            return;
        }
        let weak = Rc::downgrade(self);
        let page = Page::watch(move |event| {
            if let Some(stream) = weak.upgrade() {
                stream.page_event(event);
            }
        });
        self.page.replace(Some(page));
        self.retry.borrow_mut().reset();
        self.set_state(StreamState::Connecting, None);
        self.attempt();
    }

    pub(super) fn reconnect_now(self: &Rc<Self>) {
        if self.is_wanted() {
            self.set_state(StreamState::Reconnecting, None);
            self.attempt();
        }
    }

    pub(super) fn close(&self) {
        if self.is_wanted() {
            self.stop();
            self.set_state(StreamState::Closed, None);
        }
    }

    fn is_wanted(&self) -> bool {
        !matches!(self.status.get().state, StreamState::Idle | StreamState::Closed)
    }

    /// Ends the attempt or stream that is under way.
    fn stop(&self) {
        self.drop_source();
        self.timer.set(None);
        let page = self.page.take();
        drop(page);
    }

    fn drop_source(&self) {
        self.attempt.set(self.attempt.get().wrapping_add(1));
        let source = self.source.take();
        drop(source);
    }

    fn attempt(self: &Rc<Self>) {
        self.drop_source();
        self.timer.set(None);
        let (stream, attempt) = (Rc::clone(self), self.attempt.get());
        self.http.auth().ask(
            false,
            true,
            Box::new(move |token| {
                if stream.is_current(attempt) {
                    match token {
                        Ok(token) => stream.with_token(token.is_some(), attempt),
                        Err(reason) => stream.failed(Some(HttpError::Token(reason).into())),
                    }
                }
            }),
        );
    }

    /// Whether nothing has overtaken an attempt.
    fn is_current(&self, attempt: u32) -> bool {
        self.attempt.get() == attempt && self.is_wanted()
    }

    /// A stream by EventSource asks for a ticket, so that no token stands in its address.
    fn with_token(self: &Rc<Self>, has_token: bool, attempt: u32) {
        self.find_store();
        if self.user.borrow().is_none() {
            let error = HttpError::Token("no user id: set Config::user_id".to_owned());
            return self.failed(Some(error.into()));
        }
        if !has_token || self.by_header {
            return self.open("", attempt);
        }
        let stream = Rc::clone(self);
        let ask = Ask {
            method: "POST".to_owned(),
            path: "/api/v1/auth/ticket".to_owned(),
            body: None,
            span: Span::Short,
        };
        self.http.exchange(ask, move |answer| {
            if !stream.is_current(attempt) {
                return;
            }
            match answer {
                Answer::Whole(status, text) => match json::field(&text, "ticket").and_then(json::string) {
                    Some(ticket) if status == 200 => stream.open(&ticket, attempt),
                    _ => stream.failed(Some(Refusal::of(status, &text))),
                },
                Answer::Failed(error) => stream.failed(Some(error.into())),
                Answer::Opened | Answer::Part(_) | Answer::Ended => {}
            }
        });
    }

    /// The stream's address, with a ticket where there is one.
    fn address(&self, ticket: &str) -> String {
        let base = if self.by_header { "" } else { self.http.base() };
        let user = escape(self.user.borrow().as_deref().unwrap_or_default());
        let mut url = joined(&[base, "/api/v1/notifications/stream/", &user, "?"]);
        if !ticket.is_empty() {
            url.push_str("ticket=");
            url.push_str(&escape(ticket));
        }
        if let Some(cursor) = self.cursor.borrow().as_deref() {
            url.push_str("&lastEventId=");
            url.push_str(&escape(cursor));
        }
        url
    }

    /// The user may be known only when there is a token, and with the user the place where the cursor is kept.
    fn find_store(&self) {
        if self.user.borrow().is_none() {
            let user = self.http.auth().user_id();
            self.user.replace(user);
        }
        if self.persistence && self.store.borrow().is_none() {
            let store =
                self.user.borrow().as_deref().and_then(|user| CursorStore::open(self.http.base(), user));
            if let Some(store) = store {
                self.cursor.replace(store.get());
                self.store.replace(Some(store));
            }
        }
    }

    fn open(self: &Rc<Self>, ticket: &str, attempt: u32) {
        let url = self.address(ticket);
        let weak = Rc::downgrade(self);
        let tell = move |event| {
            if let Some(stream) = weak.upgrade()
                && stream.attempt.get() == attempt
            {
                stream.source_event(event);
            }
        };
        let opened = if self.by_header {
            Some(Open::Fetched(Fetched::open(&self.http, url, tell)))
        } else {
            Source::open(&url, tell).map(Open::Source)
        };
        match opened {
            Some(source) => {
                self.source.replace(Some(source));
            }
            None => self.failed(None),
        }
    }

    fn source_event(self: &Rc<Self>, event: SourceEvent) {
        match event {
            SourceEvent::Failed(refusal) => self.failed(refusal),
            SourceEvent::Message { kind, data, cursor } => {
                match kind {
                    // A proxy may open a stream that then says nothing: it stands when the server's greeting is there.
                    StreamEventKind::Connected => {
                        self.retry.borrow_mut().reset();
                        self.set_state(StreamState::Connected, None);
                    }
                    StreamEventKind::Reset => self.keep_cursor(None),
                    StreamEventKind::Notification | StreamEventKind::Broadcast | StreamEventKind::State => {}
                }
                self.listeners.emit(&NotificationEvent::Message { kind, data, cursor: cursor.clone() });
                // Only now: what a crash in between makes come twice would otherwise not come at all.
                if cursor.is_some() {
                    self.keep_cursor(cursor);
                }
            }
        }
    }

    fn keep_cursor(&self, cursor: Option<String>) {
        if let Some(store) = &*self.store.borrow() {
            store.set(cursor.as_deref());
        }
        self.cursor.replace(cursor);
    }

    fn failed(self: &Rc<Self>, refusal: Option<Refusal>) {
        self.drop_source();
        let is_final = refusal.as_ref().is_some_and(Refusal::is_final);
        let told = refusal.as_ref().and_then(|refusal| refusal.retry_after);
        self.listeners.emit(&NotificationEvent::Disconnected(refusal.map(|refusal| refusal.error)));
        if !self.is_wanted() {
            return;
        }
        let wait = if is_final { None } else { self.retry.borrow_mut().next(told) };
        if let Some(wait) = wait {
            let at = host::now() + wait;
            self.timer.set(Some(at));
            self.set_state(StreamState::Reconnecting, Some(at));
            return;
        }
        self.stop();
        self.set_state(StreamState::Closed, None);
        if !is_final {
            self.listeners.emit(&NotificationEvent::MaxReconnectAttemptsReached);
        }
    }

    fn page_event(self: &Rc<Self>, event: PageEvent) {
        let waits = self.status.get().next_retry_at.is_some();
        match event {
            // Another network: the old connection may be dead without a word, and the cursor makes a new one cheap.
            PageEvent::Online => self.reconnect_now(),
            PageEvent::Visible if waits => self.reconnect_now(),
            PageEvent::Visible | PageEvent::Hidden | PageEvent::Offline => {}
        }
    }

    fn set_state(&self, state: StreamState, next_retry_at: Option<Instant>) {
        let status = StreamStatus { state, next_retry_at, attempts: self.retry.borrow().attempts() };
        if self.status.replace(status) != status {
            self.listeners.emit(&NotificationEvent::Status(status));
        }
    }
}

/// A stream, by either way. It is only held, to be dropped.
#[expect(dead_code, reason = "dropping it is what it is for")]
enum Open {
    Source(Source),
    Fetched(Fetched),
}
