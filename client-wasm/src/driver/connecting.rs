//! The driver's connections: token, socket, and why one was refused.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;

use tidings_client_core::{Closed, ConnId, Connect, Input, Transport};

use super::Driver;
use super::links::Way;
use super::requests::refusal;
use crate::http::{Answer, Ask, Span, escape};
use crate::socket::{Socket, SocketEvent};
use crate::text::joined;

impl Driver {
    pub(super) fn connect(self: &Rc<Self>, connect: Connect) {
        self.links.begin(connect.conn);
        self.dial(connect, true);
    }

    /// Opens a connection, or a link to another page that has one; not `is_first` where a link found none.
    pub(super) fn dial(self: &Rc<Self>, connect: Connect, is_first: bool) {
        self.leads_by(&connect);
        let driver = Rc::clone(self);
        self.http.auth().ask(
            connect.fresh_token,
            is_first,
            Box::new(move |token| {
                if !driver.links.holds(connect.conn) {
                    return;
                }
                match token {
                    Ok(_) if driver.goes_by_link(&connect) => {}
                    Ok(token) => {
                        driver.leads_by(&connect);
                        if connect.transport == Transport::WebSocket {
                            driver.open(&connect, token.as_deref());
                        } else {
                            driver.open_relay(connect);
                        }
                    }
                    Err(reason) => driver.closed(connect.conn, Closed { reason, ..Closed::default() }),
                }
            }),
        );
    }

    fn open(self: &Rc<Self>, connect: &Connect, token: Option<&str>) {
        let conn = connect.conn;
        let base = self.http.base().strip_prefix("http").unwrap_or_default();
        let mut url = joined(&["ws", base, "/ws/chat?", &connect.payload]);
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
            Some(socket) => self.links.go(conn, Way::Socket(socket)),
            None => {
                let reason = "the address is not one of a WebSocket".to_owned();
                self.closed(conn, Closed { reason, ..Closed::default() });
            }
        }
    }

    fn socket_event(self: &Rc<Self>, conn: ConnId, event: SocketEvent) {
        if !self.links.holds(conn) {
            return;
        }
        match event {
            SocketEvent::Opened => self.input(Input::Opened(conn)),
            SocketEvent::Text(text) => self.upstream_heard(conn, text),
            SocketEvent::Closed { was_open: true, code, reason } => {
                self.closed(conn, Closed { code: Some(code), reason, ..Closed::default() });
            }
            SocketEvent::Closed { was_open: false, .. } => self.ask_why(conn),
        }
    }

    /// A page is not told why an upgrade was refused; the HTTP interface, asked with the same token, says it.
    fn ask_why(self: &Rc<Self>, conn: ConnId) {
        let driver = Rc::clone(self);
        let ask = Ask {
            method: "GET".to_owned(),
            path: "/api/v1/rooms?limit=1".to_owned(),
            body: None,
            span: Span::Short,
        };
        self.http.exchange(ask, move |answer| {
            driver.closed(
                conn,
                match answer {
                    Answer::Whole(status, text) => refusal(status, &text),
                    Answer::Failed(_) | Answer::Opened | Answer::Part(_) | Answer::Ended => Closed::default(),
                },
            );
        });
    }

    pub(super) fn closed(self: &Rc<Self>, conn: ConnId, closed: Closed) {
        self.close_relay(conn);
        if self.links.end(conn) {
            self.note_end(conn, &closed);
            self.input(Input::Closed(conn, closed));
        }
    }

    pub(super) fn send(self: &Rc<Self>, conn: ConnId, text: &str) {
        if !self.send_shared(conn, text) {
            self.send_up(conn, text);
        }
    }

    /// Sends by a socket or the relay.
    pub(super) fn send_up(self: &Rc<Self>, conn: ConnId, text: &str) {
        if !self.send_relayed(conn, text) {
            self.links.with_socket(conn, |socket| socket.send(text));
        }
    }

    pub(super) fn close(self: &Rc<Self>, conn: ConnId, code: u16) {
        self.close_link(conn);
        self.close_relay(conn);
        self.links.with_socket(conn, |socket| socket.close(code));
        self.links.end(conn);
        // Before another one takes its place.
        self.settle_sharing();
    }

    pub(super) fn refresh_token(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        // The connection in use takes it at once.
        self.http.auth().ask(
            true,
            true,
            Box::new(move |token| {
                // Without a new one the server closes with 4001 when the old one ends, and the next connect asks again.
                if let Ok(Some(token)) = token {
                    driver.input(Input::TokenReady(token));
                }
            }),
        );
    }
}
