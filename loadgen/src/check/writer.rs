//! One writer: some messages in flight all the time, over as many connections as it takes.

use std::collections::VecDeque;
use std::time::Duration;

use tidings_client_native::{Client, Entry, Sent};
use tidings_protocol::{ClientId, RoomId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::PATIENCE;
use super::sent::{Acked, Written};
use crate::error::Error;

/// Messages, spread over the whole run, that are sent once more at its end.
const SENT_AGAIN: usize = 20;

/// What a writer does.
#[derive(Clone, Debug)]
pub struct Writer {
    /// Its client, a member of the room.
    pub client: Client,
    /// Its name, first word of each text.
    pub name: String,
    /// Where it writes.
    pub room: String,
    /// Messages in flight at most.
    pub in_flight: usize,
    /// Messages after which it ends by itself.
    pub limit: Option<u64>,
    /// Time between two messages.
    pub pace: Option<Duration>,
}

impl Writer {
    /// Writes until told to stop or at its limit, waits for what is in flight, and sends some of it once more.
    ///
    /// # Errors
    /// A message was refused for good, or its ACK names none or does not come.
    pub async fn write(self, stopped: watch::Receiver<bool>) -> Result<Written, Error> {
        let (mut in_flight, mut acked) = (VecDeque::new(), Vec::new());
        let (mut number, began) = (0, Instant::now());
        while !*stopped.borrow() && self.limit.is_none_or(|limit| number < limit) {
            if let Some(pace) = self.pace {
                sleep_until(began + pace * u32::try_from(number).unwrap_or(u32::MAX)).await;
            }
            number += 1;
            let content = format!("{} {number}", self.name);
            in_flight
                .push_back((content.clone(), self.client.send(&self.room, content).await.map_err(failed)?));
            if in_flight.len() >= self.in_flight
                && let Some((content, sent)) = in_flight.pop_front()
            {
                acked.push(done(&self.room, content, sent).await?);
            }
        }
        for (content, sent) in in_flight {
            acked.push(done(&self.room, content, sent).await?);
        }
        let mut again = Vec::new();
        for first in acked.iter().step_by((acked.len() / SENT_AGAIN).max(1)) {
            again.push(once_more(&self.client, first).await?);
        }
        Ok(Written { acked, again })
    }
}

/// Sends a message again under its own id.
///
/// # Errors
/// It was refused, or its ACK does not come.
pub async fn once_more(client: &Client, first: &Acked) -> Result<Acked, Error> {
    let (content, reply_to) = (first.content.clone(), None);
    let entry = Entry::Chat { room: RoomId::new(first.room.as_str())?, content: content.clone(), reply_to };
    let sent = client.send_as(ClientId::new(first.id.as_str())?, entry).await;
    done(&first.room, content, sent).await
}

/// Waits for a message's ACK.
///
/// # Errors
/// The message was refused for good, or its ACK names none or does not come.
pub async fn done(room: &str, content: String, sent: Sent) -> Result<Acked, Error> {
    let late = |_| Error::Late { what: format!("the ACK of `{content}`"), seconds: PATIENCE.as_secs() };
    let acked = timeout(PATIENCE, sent.done()).await.map_err(late)?.map_err(failed)?;
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
