//! What writers were told.

/// One message that the server has acknowledged.
#[derive(Clone, Debug)]
pub struct Acked {
    /// Where.
    pub room: String,
    /// Under which id it was sent.
    pub id: String,
    /// The id that the server gave it.
    pub message_id: String,
    /// Its position.
    pub seq: u64,
    /// Its text: the writer and a number that rises.
    pub content: String,
    /// Whether an earlier sending had arrived already.
    pub duplicate: bool,
}

/// All that was acknowledged.
#[derive(Debug, Default)]
pub struct Written {
    /// What was acknowledged.
    pub acked: Vec<Acked>,
    /// The ACKs of messages that were sent once more after they had been acknowledged.
    pub again: Vec<Acked>,
}

impl Written {
    /// Adds another writer's.
    pub fn add(&mut self, other: Self) {
        self.acked.extend(other.acked);
        self.again.extend(other.again);
    }

    /// ACKs that answered a resend: the first sending had been stored, and its ACK was lost.
    #[must_use]
    pub fn resent(&self) -> usize {
        self.acked.iter().filter(|acked| acked.duplicate).count()
    }

    /// How many of those that were sent again after their ACK were not called duplicates. It means something where
    /// the writer is not shown its own messages: a client takes one that it is shown for the answer, and the ACK that
    /// comes behind it then seems to answer the next sending.
    #[must_use]
    pub fn not_called_duplicates(&self) -> usize {
        self.again.iter().filter(|acked| !acked.duplicate).count()
    }
}
