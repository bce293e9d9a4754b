//! One writer: some messages in flight all the time, over as many connections as it takes.

use std::collections::VecDeque;

use tidings_client_native::{Client, Entry, Sent};
use tidings_protocol::{ClientId, RoomId};
use tokio::sync::watch;

use crate::error::Error;

/// Messages in flight.
const IN_FLIGHT: usize = 16;
/// Messages, spread over the whole run, that are sent once more at its end.
const SENT_AGAIN: usize = 20;

/// One message that the server has acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Acked {
    /// Where.
    pub(crate) room: String,
    /// Under which id it was sent.
    pub(crate) id: String,
    /// The id that the server gave it.
    pub(crate) message_id: String,
    /// Its position.
    pub(crate) seq: u64,
    /// Its text: the writer and a number that rises.
    pub(crate) content: String,
    /// Whether an earlier sending had arrived already.
    pub(crate) duplicate: bool,
}

/// What a writer was told.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// What was acknowledged.
    pub(crate) acked: Vec<Acked>,
    /// The ACKs of messages that were sent once more after they had been acknowledged.
    pub(crate) again: Vec<Acked>,
}

/// Writes until told to stop, then waits for what is in flight, and sends some of it once more.
pub(super) async fn write(
    client: Client,
    name: String,
    room: String,
    stopped: watch::Receiver<bool>,
) -> Result<Written, Error> {
    let (mut in_flight, mut acked) = (VecDeque::new(), Vec::new());
    let mut number = 0_u64;
    while !*stopped.borrow() {
        number += 1;
        let content = format!("{name} {number}");
        in_flight.push_back((content.clone(), client.send(&room, content).await.map_err(failed)?));
        if in_flight.len() >= IN_FLIGHT
            && let Some((content, sent)) = in_flight.pop_front()
        {
            acked.push(done(&room, content, sent).await?);
        }
    }
    for (content, sent) in in_flight {
        acked.push(done(&room, content, sent).await?);
    }
    let mut again = Vec::new();
    for first in acked.iter().step_by((acked.len() / SENT_AGAIN).max(1)) {
        let (content, reply_to) = (first.content.clone(), None);
        let entry = Entry::Chat { room: RoomId::new(room.as_str())?, content: content.clone(), reply_to };
        let sent = client.send_as(ClientId::new(first.id.as_str())?, entry).await;
        again.push(done(&room, content, sent).await?);
    }
    client.close().await;
    Ok(Written { acked, again })
}

async fn done(room: &str, content: String, sent: Sent) -> Result<Acked, Error> {
    let acked = sent.done().await.map_err(failed)?;
    let id = acked.id.to_string();
    match (acked.message_id, acked.seq) {
        (Some(message_id), Some(seq)) => Ok(Acked {
            room: room.to_owned(),
            id,
            message_id: message_id.to_string(),
            seq,
            content,
            duplicate: acked.duplicate,
        }),
        _ => Err(Error::Broken(format!("the ACK of {id} names no message"))),
    }
}

fn failed(source: tidings_client_native::SendError) -> Error {
    Error::Send { what: "a message of a writer".to_owned(), source }
}
