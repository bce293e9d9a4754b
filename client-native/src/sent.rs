//! An entry on its way.

use tidings_protocol::{ClientId, MessageId, RoomId};
use tokio::sync::oneshot;

use crate::error::SendError;

/// An entry that was handed to the client. Dropping it changes nothing.
#[derive(Debug)]
pub struct Sent {
    id: ClientId,
    answer: oneshot::Receiver<Result<Acked, SendError>>,
}

/// An entry that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    /// The id it was sent under.
    pub id: ClientId,
    /// The room, where the server named it.
    pub room_id: Option<RoomId>,
    /// The message that it made or changed.
    pub message_id: Option<MessageId>,
    /// Its position; none where nothing changed.
    pub seq: Option<u64>,
    /// Whether an earlier sending had arrived already.
    pub duplicate: bool,
}

impl Sent {
    pub(crate) const fn new(id: ClientId, answer: oneshot::Receiver<Result<Acked, SendError>>) -> Self {
        Self { id, answer }
    }

    /// The id that it is sent under, each time.
    #[must_use]
    pub const fn id(&self) -> &ClientId {
        &self.id
    }

    /// Waits until the entry is durable, over as many connections as it takes.
    ///
    /// # Errors
    /// It will not be: [`SendError`] says why.
    pub async fn done(self) -> Result<Acked, SendError> {
        self.answer.await.unwrap_or(Err(SendError::Closed))
    }
}
