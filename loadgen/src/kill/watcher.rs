//! One who only reads a room, live and over every restart.

use std::sync::{Arc, Mutex, PoisonError};

use tidings_client_native::{Client, Config, Event, Kind, parse};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::error::Error;

/// What a watcher was shown.
#[derive(Debug)]
pub(crate) struct Watched {
    client: Client,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    entries: Mutex<Vec<(u64, String)>>,
    more: Notify,
}

/// Joins a room and writes down what comes, in the order of its coming.
pub(super) async fn start(config: Config, room: &str) -> Result<Arc<Watched>, Error> {
    let (client, mut events) = Client::connect(config).await?;
    client.join(room).await?;
    let seen = Arc::new(Seen::default());
    let watched = Arc::new(Watched { client, seen: Arc::clone(&seen) });
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if let Event::Frame(frame) = event
                && frame.kind() == Kind::ChatMessage
                && let Ok(frame) = parse(&frame)
                && let tidings_protocol::Event::ChatMessage(message) = frame.event
            {
                seen.lock().push((message.seq, message.message_id.to_string()));
                seen.more.notify_one();
            }
        }
    });
    Ok(watched)
}

impl Watched {
    /// The connection.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// All that was shown, as soon as the entry at `head` was, or at the deadline.
    pub(super) async fn until(&self, head: u64, deadline: Instant) -> Vec<(u64, String)> {
        let reached = async {
            while self.seen.lock().last().is_none_or(|(seq, _)| *seq < head) {
                self.seen.more.notified().await;
            }
        };
        // What is missing at the deadline, the comparison shows.
        let _ = timeout_at(deadline, reached).await;
        self.seen.lock().clone()
    }
}

impl Seen {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, String)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
