//! What a WebSocket offers, without one: frames both ways, over one event stream or successive polls, and posts.
//!
//! Above it, a session or a hub knows no difference: client frames go in, server frames come out, the connection opens and
//! closes. Below it are requests:
//!
//! - Most client frames go by posts, one on its way at a time. What stands behind a frame that was refused for now is
//!   refused alike.
//! - `RESUME` and `JOIN_ROOM` move the place where the stream or poll is to stand, and the next one opens there: several
//!   of them with one. Where the place moves back, so does the whole connection; who has seen an entry drops it. The `ACK`
//!   comes when the stream or poll has answered for the room, so that the order is that of a WebSocket.
//! - What comes by the stream or poll is handed on, and moves the place along.
//! - A sign of life without a frame is handed on as a `PONG`.

mod asks;
mod places;
mod post;
mod side;
mod way;

use alloc::string::String;
use alloc::vec::Vec;

use tidings_protocol::CloseCode;

use crate::input::{Closed, ConnId};
use crate::output::Connect;
use crate::queue::Queue;
use crate::time::Instant;
use way::Way;

/// What a relay wants done, or what one of its connections says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayOutput {
    /// Send a request.
    Request(Request),
    /// Give a request up. Nothing that it says from now on counts.
    Drop(ConnId),
    /// [`Input::Opened`](crate::Input::Opened) of a connection.
    Opened(ConnId),
    /// A server frame, by a connection.
    Frame(ConnId, String),
    /// The end of a connection.
    Closed(ConnId, Closed),
}

/// A request to be posted, with the last token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number.
    pub id: ConnId,
    /// Where it goes.
    pub path: &'static str,
    /// Its body.
    pub body: String,
    /// The answer is told part by part: its head by [`Relay::opened`], its body by [`Relay::chunk`].
    pub is_stream: bool,
    /// The last token was refused: a cached one will not do.
    pub fresh_token: bool,
}

/// The connections of a session that go by requests: the one in use, and a look at another. After each call
/// [`poll_output`](Self::poll_output) is to be drained.
#[derive(Debug, Default)]
pub struct Relay {
    ways: Vec<Way>,
    out: Out,
}

/// What is to be done, and the number of the last request.
#[derive(Debug, Default)]
struct Out {
    queue: Queue<RelayOutput>,
    requests: u32,
}

impl Relay {
    /// Opens a connection by another transport than a WebSocket.
    pub fn open(&mut self, connect: Connect, now: Instant) {
        self.ways.push(Way::open(&connect, &mut self.out, now));
    }

    /// A session or hub says something by one of the connections; false where it is none of them.
    pub fn say(&mut self, conn: ConnId, text: String, now: Instant) -> bool {
        let Some(at) = self.ways.iter().position(|way| way.conn == conn) else { return false };
        let said = self.ways[at].say(text, &mut self.out, now);
        self.settle(at, said);
        true
    }

    /// Closes a connection, if it is one of these. Nothing more is heard of it.
    pub fn close(&mut self, conn: ConnId) {
        if let Some(at) = self.ways.iter().position(|way| way.conn == conn) {
            self.end(at);
        }
    }

    /// The head of a stream's answer has come.
    pub fn opened(&mut self, request: ConnId) {
        if let Some(at) = self.position(request) {
            self.out.queue.push(RelayOutput::Opened(self.ways[at].conn));
        }
    }

    /// A part of a stream's body has come.
    pub fn chunk(&mut self, request: ConnId, chunk: &str, now: Instant) {
        if let Some(at) = self.position(request) {
            let heard = self.ways[at].chunk(chunk, &mut self.out, now);
            self.settle(at, heard);
        }
    }

    /// A request was answered with a status of success; the text is the answer's body.
    pub fn answered(&mut self, request: ConnId, text: &str, now: Instant) {
        if let Some(at) = self.position(request) {
            let heard = self.ways[at].answered(request, text, &mut self.out, now);
            self.settle(at, heard);
        }
    }

    /// A request failed, or a stream ended, and with it the connection. Whether a post had arrived is unknown: its frames are
    /// to be sent again under the same ids. What was asked beside can wait.
    pub fn failed(&mut self, request: ConnId, closed: Closed) {
        if let Some(at) = self.position(request) {
            let way = &mut self.ways[at];
            let can_wait = way.side.failed(request, way.heard_at);
            self.settle(at, if can_wait { Ok(()) } else { Err(closed) });
        }
    }

    /// The next thing to do; `None` when all is done until the next call.
    pub fn poll_output(&mut self) -> Option<RelayOutput> {
        self.out.queue.pop()
    }

    /// The connection that a request is one of.
    fn position(&self, request: ConnId) -> Option<usize> {
        self.ways.iter().position(|way| way.has(request))
    }

    /// A connection has dealt with something, or ends by it.
    fn settle(&mut self, at: usize, dealt: Result<(), Closed>) {
        if let Err(mut closed) = dealt {
            let conn = self.ways[at].conn;
            self.end(at);
            // Nobody but this connection has its client session: what is in a request's place is one of its own.
            if closed.code == Some(CloseCode::Replaced.as_u16()) {
                closed = again(closed.retry_after_ms);
            }
            self.out.queue.push(RelayOutput::Closed(conn, closed));
        }
    }

    /// Gives up all that is on its way.
    fn end(&mut self, at: usize) {
        let way = self.ways.swap_remove(at);
        self.out.drop(way.main_request());
        self.out.drop(way.post.request);
        self.out.drop(way.side.request);
    }
}

/// The end of a connection by the server's own word, which says nothing against the way: the next one may be by the same.
fn again(retry_after_ms: Option<u64>) -> Closed {
    Closed { code: Some(CloseCode::Restart.as_u16()), retry_after_ms, ..Closed::default() }
}

impl Out {
    /// Sends a request; its number.
    fn ask(&mut self, path: &'static str, body: String, is_stream: bool, fresh_token: bool) -> ConnId {
        self.requests = self.requests.wrapping_add(1);
        let id = ConnId::of_request(self.requests);
        self.queue.push(RelayOutput::Request(Request { id, path, body, is_stream, fresh_token }));
        id
    }

    fn drop(&mut self, request: Option<ConnId>) {
        if let Some(request) = request {
            self.queue.push(RelayOutput::Drop(request));
        }
    }
}
