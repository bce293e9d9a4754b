//! The relay's streams, polls and posts, by `fetch`.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;

use tidings_client_core::{Closed, ConnId, Connect, Input, RelayOutput, Request, json};

use super::Driver;
use super::links::Way;
use crate::host;
use crate::http::{Answer, Ask, HttpError, Span};

impl Driver {
    pub(super) fn open_relay(self: &Rc<Self>, connect: Connect) {
        self.links.go(connect.conn, Way::Relayed);
        self.relay.borrow_mut().open(connect, host::now());
        self.run_relay();
    }

    /// Sends by the relay; false where it has no such connection.
    pub(super) fn send_relayed(self: &Rc<Self>, conn: ConnId, text: &str) -> bool {
        let is_relayed = self.relay.borrow_mut().say(conn, text.to_owned(), host::now());
        self.run_relay();
        is_relayed
    }

    pub(super) fn close_relay(self: &Rc<Self>, conn: ConnId) {
        self.relay.borrow_mut().close(conn);
        self.run_relay();
    }

    fn run_relay(self: &Rc<Self>) {
        while let Some(output) = self.next_of_relay() {
            match output {
                RelayOutput::Request(request) => self.request(request),
                RelayOutput::Drop(id) => {
                    self.links.end(id);
                }
                RelayOutput::Opened(conn) => self.input(Input::Opened(conn)),
                RelayOutput::Frame(conn, text) => self.upstream_heard(conn, text),
                RelayOutput::Closed(conn, closed) => self.closed(conn, closed),
            }
        }
    }

    fn next_of_relay(&self) -> Option<RelayOutput> {
        self.relay.borrow_mut().poll_output()
    }

    fn request(self: &Rc<Self>, request: Request) {
        let Request { id, path, body, is_stream, .. } = request;
        // A poll waits 20 s at most.
        let span = if is_stream { Span::Stream } else { Span::Short };
        self.links.begin(id);
        let weak = Rc::downgrade(self);
        let ask = Ask { method: "POST".to_owned(), path: path.to_owned(), body: Some(body), span };
        let exchange = self.http.exchange(ask, move |answer| {
            if let Some(driver) = weak.upgrade()
                && driver.links.holds(id)
            {
                driver.answered(id, answer);
                driver.run_relay();
            }
        });
        self.links.go(id, Way::Request(exchange));
    }

    fn answered(&self, id: ConnId, answer: Answer) {
        let now = host::now();
        let closed = match answer {
            Answer::Opened => return self.relay.borrow_mut().opened(id),
            Answer::Part(text) => return self.relay.borrow_mut().chunk(id, &text, now),
            Answer::Whole(200, text) => {
                self.links.end(id);
                return self.relay.borrow_mut().answered(id, &text, now);
            }
            Answer::Whole(status, text) => refusal(status, &text),
            Answer::Ended => Closed::default(),
            Answer::Failed(error) => {
                let reason = match error {
                    HttpError::Token(reason) | HttpError::Network(reason) | HttpError::Body(reason) => reason,
                    HttpError::Problem(_) | HttpError::Status(_) => String::new(),
                };
                Closed { reason, ..Closed::default() }
            }
        };
        self.links.end(id);
        self.relay.borrow_mut().failed(id, closed);
    }
}

/// A refusal as the close code that means the same.
pub(super) fn refusal(status: u16, text: &str) -> Closed {
    let code = match status {
        401 => Some(4001),
        // What is not the server's own refusal is that of something on the way.
        403 if json::field(text, "code").is_some() => Some(4003),
        409 => Some(4009),
        429 => Some(4029),
        503 => Some(1013),
        _ => None,
    };
    Closed {
        code,
        reason: String::new(),
        retry_after_ms: json::field(text, "retryAfterMs").and_then(json::number),
        is_reachable: status < 500,
        ..Closed::default()
    }
}
