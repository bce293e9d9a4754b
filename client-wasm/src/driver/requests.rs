//! Streams, polls and posts, by `fetch`.

use alloc::borrow::ToOwned;
use alloc::rc::Rc;
use alloc::string::String;

use tidings_client_core::{Closed, ConnId, Connect, Input, Transport, json};

use super::Driver;
use super::links::Way;
use crate::http::{Answer, Ask, Exchange, HttpError, Span};

impl Driver {
    /// Opens a stream, or polls.
    pub(super) fn open_request(self: &Rc<Self>, connect: Connect) {
        let span = if connect.transport == Transport::Stream { Span::Stream } else { Span::Open };
        let exchange = self.request(connect.conn, connect.transport.path(), connect.payload, span);
        self.links.go(connect.conn, Way::Request(exchange));
    }

    /// Posts frames.
    pub(super) fn post(self: &Rc<Self>, conn: ConnId, body: String) {
        self.links.begin(conn);
        let exchange = self.request(conn, Transport::FRAMES, body, Span::Short);
        self.links.go(conn, Way::Request(exchange));
    }

    fn request(self: &Rc<Self>, conn: ConnId, path: &str, body: String, span: Span) -> Rc<Exchange> {
        let weak = Rc::downgrade(self);
        let ask = Ask { method: "POST".to_owned(), path: path.to_owned(), body: Some(body), span };
        self.http.exchange(ask, move |answer| {
            if let Some(driver) = weak.upgrade()
                && driver.links.holds(conn)
            {
                driver.heard(conn, answer);
            }
        })
    }

    fn heard(self: &Rc<Self>, conn: ConnId, answer: Answer) {
        let closed = match answer {
            Answer::Whole(200, text) => {
                self.links.end(conn);
                return self.input(Input::Answer(conn, text));
            }
            Answer::Opened => return self.input(Input::Opened(conn)),
            Answer::Part(text) => return self.input(Input::Chunk(conn, text.into_bytes())),
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
        self.closed(conn, closed);
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
