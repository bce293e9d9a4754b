//! What can go wrong.

use tidings_client_core::{ClosedBy, Refusal};
use tidings_protocol::Code;
use tidings_protocol::id::InvalidId;

/// An argument that is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {source}")]
pub struct InvalidArgument {
    /// Which argument.
    pub what: &'static str,
    /// What is wrong with it.
    pub source: InvalidId,
}

/// Why a client did not come to be connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The session ended for good.
    #[error("the client is closed: {by:?}")]
    Closed {
        /// By whom, or for what.
        by: Option<ClosedBy>,
    },
    /// The system gave no random numbers.
    #[error("no randomness: {0}")]
    Random(String),
}

/// Why a room was not joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The room's id is none.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// The server refused.
    #[error("the server refused the join: {}", .0.as_str())]
    Refused(Code),
    /// The client is closed.
    #[error("the client is closed")]
    Closed,
}

/// Why an entry is not durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// An id is none.
    #[error(transparent)]
    Argument(#[from] InvalidArgument),
    /// The server refused. The entry stays in the outbox, to be retried or cancelled.
    #[error("the server refused: {}", .0.as_str())]
    Failed(Code),
    /// The outbox did not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The app took it back.
    #[error("cancelled")]
    Cancelled,
    /// The client was closed before the server answered: whether the entry is durable is not known.
    #[error("the client is closed")]
    Closed,
}
