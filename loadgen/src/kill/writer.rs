//! One writer: some messages in flight all the time, over as many connections as it takes.

use std::collections::VecDeque;

use tidings_client_native::{Client, Sent};
use tokio::sync::watch;

use crate::error::Error;

/// Messages in flight.
const IN_FLIGHT: usize = 16;

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

/// Writes until told to stop, then waits for what is in flight. Returns what was acknowledged.
pub(super) async fn write(
    client: Client,
    name: String,
    room: String,
    stopped: watch::Receiver<bool>,
) -> Result<Vec<Acked>, Error> {
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
    client.close().await;
    Ok(acked)
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
