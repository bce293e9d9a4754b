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
        self.with(at, |way, out| way.say(text, out, now));
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
        if let Some(conn) =
            self.ways.iter().find(|way| way.requests().contains(&Some(request))).map(|way| way.conn)
        {
            self.out.queue.push(RelayOutput::Opened(conn));
        }
    }

    /// A part of a stream's body has come.
    pub fn chunk(&mut self, request: ConnId, chunk: &[u8], now: Instant) {
        self.hear(request, |way, out| way.chunk(chunk, out, now));
    }

    /// A request was answered with a status of success; the text is the answer's body.
    pub fn answered(&mut self, request: ConnId, text: &str, now: Instant) {
        self.hear(request, |way, out| way.answered(request, text, out, now));
    }

    /// A request failed, or a stream ended, and with it the connection. Whether a post had arrived is unknown: its frames are
    /// to be sent again under the same ids. What was asked beside can wait.
    pub fn failed(&mut self, request: ConnId, closed: Closed) {
        self.hear(request, |way, _| way.side.failed(request, way.heard_at).then_some(()).ok_or(closed));
    }

    /// The next thing to do; `None` when all is done until the next call.
    pub fn poll_output(&mut self) -> Option<RelayOutput> {
        self.out.queue.pop()
    }

    /// Lets a connection deal with what one of its requests says.
    fn hear(&mut self, request: ConnId, act: impl FnOnce(&mut Way, &mut Out) -> Result<(), Closed>) {
        if let Some(at) = self.ways.iter().position(|way| way.requests().contains(&Some(request))) {
            self.with(at, act);
        }
    }

    /// Lets a connection deal with something; it may end by that.
    fn with(&mut self, at: usize, act: impl FnOnce(&mut Way, &mut Out) -> Result<(), Closed>) {
        if let Err(mut closed) = act(&mut self.ways[at], &mut self.out) {
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
        for request in self.ways.swap_remove(at).requests() {
            self.out.drop(request);
        }
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
