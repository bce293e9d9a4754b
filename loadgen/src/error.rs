//! What can go wrong, as sentences for whoever ran the command.

use std::io;

use tidings_client_native::{ConnectError, InvalidArgument, JoinError, SendError};

use crate::raw::PeerError;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused something.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// No server answers.
    #[error("no server answers at {url} ({reason}); start one with `./x up`")]
    Unreachable {
        /// Where.
        url: String,
        /// What the attempt ended with.
        reason: String,
    },
    /// An HTTP request was not answered, or not in the protocol.
    #[error("{path}: {source}")]
    Http {
        /// Which.
        path: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The server refused a request.
    #[error("{path}: the server answers {status}: {detail}")]
    Refused {
        /// Which.
        path: String,
        /// The status.
        status: u16,
        /// The problem's text.
        detail: String,
    },
    /// The server is none for development.
    #[error("{0} is no development server: `demo` signs people in by name, which needs `--dev`")]
    NotForDevelopment(String),
    /// A client did not connect.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A room was not joined.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// An entry was not stored.
    #[error("{what}: {source}")]
    Send {
        /// Which.
        what: String,
        /// Why.
        source: SendError,
    },
    /// A name is none.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// An id is none.
    #[error(transparent)]
    Id(#[from] tidings_protocol::id::InvalidId),
    /// A raw peer lost its connection.
    #[error("a connection ended: {0}")]
    Peer(#[from] PeerError),
    /// No token was made.
    #[error("cannot make a token: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The server process did not come up.
    #[error("the server did not come up: {0}")]
    Server(String),
    /// The database file cannot be looked at.
    #[error("{file}: {source}")]
    Database {
        /// Which.
        file: String,
        /// Why.
        source: sqlx::Error,
    },
    /// PostgreSQL, Redis, nginx or a node.
    #[error(transparent)]
    Testbed(#[from] tidings_testbed::process::Error),
    /// Too few files may be open.
    #[error(
        "{wanted} connections need as many open files, and {limit} are allowed; try `ulimit -n {wanted}`"
    )]
    Files {
        /// How many are wanted.
        wanted: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// Something did not come in time.
    #[error("waited {seconds} s for {what}")]
    Late {
        /// What.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A promise was broken while something was measured: the figures would mean nothing.
    #[error("broken promise: {0}")]
    Broken(String),
}

impl Error {
    /// An I/O error, with what was being done.
    pub fn io(doing: &str, source: io::Error) -> Self {
        Self::Io { doing: doing.to_owned(), source }
    }
}
