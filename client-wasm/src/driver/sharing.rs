//! One connection for all pages of a user: this page's part. Where it has the connection, its frames go through a hub that has links to the others; where another page has it, a link is this page's way.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::{Cell, RefCell};

use tidings_client_core::{
    Closed, Command, ConnId, Connect, Duration, Hub, HubOutput, Input, LinkId, State, Status,
};
use tidings_protocol::CloseCode;

use super::Driver;
use super::links::Way;
use crate::host;
use crate::storage;
use crate::tabs::{Tabs, TabsEvent};
use crate::text::joined;

/// An attempt that is this near is waited for.
const NEAR: Duration = Duration::from_millis(100);

/// What a page knows of the connection that it shares.
#[derive(Default)]
pub(super) struct Sharing {
    tabs: RefCell<Option<Tabs>>,
    /// This page has the connection.
    leads: Cell<bool>,
    hub: RefCell<Hub>,
    /// The attempt or connection that the hub's links go by.
    upstream: Cell<Option<ConnId>>,
    /// Why that has ended.
    ended: RefCell<Option<Closed>>,
    /// What the last link was to be in place of.
    wanted: RefCell<Option<Connect>>,
}

impl Sharing {
    fn with_tabs<T>(&self, act: impl FnOnce(&Tabs) -> T) -> Option<T> {
        self.tabs.borrow().as_ref().map(act)
    }

    fn is_upstream(&self, conn: ConnId) -> bool {
        self.upstream.get() == Some(conn)
    }
}

impl Driver {
    /// Whether a connection's place is taken by a link to another page's. A token has been had: it is known whose the
    /// connection is.
    pub(super) fn goes_by_link(self: &Rc<Self>, connect: &Connect) -> bool {
        self.find_tabs();
        if self.sharing.leads.get() || self.sharing.tabs.borrow().is_none() {
            return false;
        }
        self.sharing.wanted.replace(Some(connect.clone()));
        self.links.go(connect.conn, Way::Shared);
        self.sharing.with_tabs(|tabs| tabs.open(connect.conn));
        true
    }

    /// Where this page has the connection, the others' links go by this attempt. A look at a better transport is another
    /// session's.
    pub(super) fn leads_by(&self, connect: &Connect) {
        let is_new = !self.sharing.is_upstream(connect.conn);
        if is_new && self.sharing.leads.get() && !connect.is_look {
            self.sharing.upstream.set(Some(connect.conn));
            self.sharing.hub.borrow_mut().begin(connect.transport, host::now());
        }
    }

    fn find_tabs(self: &Rc<Self>) {
        if !self.config.shared_connection || self.sharing.tabs.borrow().is_some() || !Tabs::exist() {
            return;
        }
        let owner = self.owner().and_then(|user| storage::owner(self.http.base(), &user));
        if let Some(owner) = owner {
            // A connection with notifications is another one.
            let kind = if self.config.notifications { " notifications" } else { "" };
            let weak = Rc::downgrade(self);
            let tabs = Tabs::new(&joined(&["tidings connection ", &owner, kind]), move |event| {
                if let Some(driver) = weak.upgrade() {
                    driver.tabs_event(event);
                }
            });
            self.sharing.tabs.replace(Some(tabs));
        }
    }

    fn tabs_event(self: &Rc<Self>, event: TabsEvent) {
        let now = host::now();
        match event {
            TabsEvent::Turn => self.sharing.leads.set(true),
            TabsEvent::Own(conn) => {
                let wanted = self.sharing.wanted.take();
                if let Some(connect) = wanted.filter(|c| c.conn == conn && self.links.holds(conn)) {
                    self.dial(connect, false);
                }
            }
            TabsEvent::Deposed => {
                self.sharing.leads.set(false);
                if let Some(conn) = self.sharing.upstream.get() {
                    self.closed(conn, hand_over());
                }
            }
            TabsEvent::Opened(link) => self.link_opened(link),
            TabsEvent::Said(link, text) => self.sharing.hub.borrow_mut().say(link, text, now),
            TabsEvent::Left(link) => self.sharing.hub.borrow_mut().close(link, now),
            TabsEvent::Heard(conn, text) => {
                if self.links.holds(conn) {
                    self.input(Input::Frame(conn, text));
                }
            }
            TabsEvent::Ended(conn, closed) => self.closed(conn, closed.unwrap_or_else(hand_over)),
            TabsEvent::Woken | TabsEvent::Up => {
                if self.status().next_retry_at.is_some() {
                    self.input(Input::Command(Command::Reconnect));
                }
            }
        }
        self.run_hub();
    }

    /// A page wants a link. It waits for an attempt that is under way or near; otherwise it is told what this page waits
    /// for.
    fn link_opened(&self, link: LinkId) {
        let status = self.status();
        let wait = status.next_retry_at.map(|at| at - host::now());
        if self.sharing.upstream.get().is_none() && wait.is_some_and(|wait| wait > NEAR) {
            self.sharing.with_tabs(|tabs| tabs.end(&[link], &as_told(None, &status)));
        } else {
            self.sharing.hub.borrow_mut().open(link, host::now());
        }
    }

    /// Sends by a connection that is shared; false where it is not.
    pub(super) fn send_shared(self: &Rc<Self>, conn: ConnId, text: &str) -> bool {
        if self.sharing.is_upstream(conn) {
            self.sharing.hub.borrow_mut().say(LinkId::OWN, text.to_owned(), host::now());
            self.run_hub();
            return true;
        }
        let is_link = self.links.is_shared(conn);
        if is_link {
            self.sharing.with_tabs(|tabs| tabs.say(conn, text));
        }
        is_link
    }

    /// A frame came by a socket or the relay.
    pub(super) fn upstream_heard(self: &Rc<Self>, conn: ConnId, text: String) {
        if self.sharing.is_upstream(conn) {
            let was_up = self.sharing.hub.borrow().is_up();
            self.sharing.hub.borrow_mut().hear(text, host::now());
            self.run_hub();
            if !was_up && self.sharing.hub.borrow().is_up() {
                self.sharing.with_tabs(|tabs| tabs.up(true));
            }
        } else {
            self.input(Input::Frame(conn, text));
        }
    }

    /// Notes why a connection has ended, for the links that went by it.
    pub(super) fn note_end(&self, conn: ConnId, closed: &Closed) {
        if self.sharing.is_upstream(conn) {
            self.sharing.ended.replace(Some(closed.clone()));
        }
    }

    pub(super) fn close_link(&self, conn: ConnId) {
        if self.links.is_shared(conn) {
            self.sharing.with_tabs(|tabs| tabs.close(conn));
        }
    }

    /// The app wants an attempt now; whoever has the connection makes it.
    pub(super) fn wake_leader(&self) {
        if !self.sharing.leads.get() {
            self.sharing.with_tabs(Tabs::wake);
        }
    }

    /// After each input: where the connection is gone, so are the links; who is closed has no part in it.
    pub(super) fn settle_sharing(self: &Rc<Self>) {
        let sharing = &self.sharing;
        let status = self.status();
        if status.state == State::Closed {
            sharing.leads.set(false);
            sharing.upstream.set(None);
            sharing.hub.take();
            let tabs = sharing.tabs.take();
            drop(tabs);
        } else if sharing.upstream.get().is_some_and(|conn| !self.links.holds(conn)) {
            sharing.upstream.set(None);
            let closed = as_told(sharing.ended.take(), &status);
            sharing.hub.borrow_mut().lost(closed);
            sharing.with_tabs(|tabs| tabs.up(false));
            self.run_hub();
        }
    }

    fn run_hub(self: &Rc<Self>) {
        while let Some(output) = self.next_of_hub() {
            match output {
                HubOutput::Send(text) => {
                    if let Some(conn) = self.sharing.upstream.get() {
                        self.send_up(conn, &text);
                    }
                }
                HubOutput::Deliver(mut links, text) => {
                    let all = links.len();
                    links.retain(|link| *link != LinkId::OWN);
                    if !links.is_empty() {
                        self.sharing.with_tabs(|tabs| tabs.deliver(&links, &text));
                    }
                    if let Some(conn) = self.sharing.upstream.get()
                        && links.len() < all
                    {
                        self.input(Input::Frame(conn, text));
                    }
                }
                HubOutput::Close(links, closed) => {
                    self.sharing.with_tabs(|tabs| tabs.end(&links, &closed));
                }
            }
        }
    }

    fn next_of_hub(&self) -> Option<HubOutput> {
        self.sharing.hub.borrow_mut().poll_output()
    }
}

/// Another page has the connection now: back at once, by that.
fn hand_over() -> Closed {
    Closed {
        code: Some(CloseCode::Restart.as_u16()),
        reason: "another page has the connection".to_owned(),
        retry_after_ms: Some(0),
        attempts: Some(1),
        is_astray: true,
        ..Closed::default()
    }
}

/// What the links are told of the end of this page's connection: to come back when this page does.
fn as_told(ended: Option<Closed>, status: &Status) -> Closed {
    let mut closed = ended.unwrap_or_default();
    let code = closed.code.and_then(CloseCode::from_u16);
    // That is this page's own business, and so is the way that it takes.
    if code.is_none_or(|code| !code.may_reconnect() || code == CloseCode::Unauthenticated) {
        closed.code = Some(CloseCode::Restart.as_u16());
    }
    let wait = status.next_retry_at.map_or(Duration::ZERO, |at| at - host::now());
    closed.retry_after_ms = Some(wait.as_millis());
    closed.attempts = Some(status.attempts);
    closed
}
