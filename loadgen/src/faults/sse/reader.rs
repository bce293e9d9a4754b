//! One who reads a stream through a door that cuts it, and what all of them should have read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::super::outcome::Outcome;
use crate::error::Error;
use crate::events::{EventStream, StreamEvent};
use crate::proxy::Door;

/// A stream on which nothing comes for so long is opened anew: a reader that has missed something would wait for ever.
const SILENCE: Duration = Duration::from_secs(2);

/// What one reader got.
#[derive(Debug)]
pub(super) struct Read {
    user: String,
    notifications: Vec<String>,
    broadcasts: Vec<String>,
    resets: usize,
    refused: Vec<String>,
    /// Streams that were opened behind a cursor.
    opened: usize,
    /// Those of them whose connection broke.
    pub(super) cuts: usize,
}

/// What was published, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected(Arc<Mutex<Published>>);

#[derive(Debug, Default)]
struct Published {
    notifications: HashMap<String, Vec<String>>,
    broadcasts: Vec<String>,
    is_all: bool,
}

impl Expected {
    pub(super) fn begin(&self, user: &str, id: String) {
        self.lock().notifications.insert(user.to_owned(), vec![id]);
    }

    pub(super) fn notification(&self, user: &str, id: String) {
        self.lock().notifications.entry(user.to_owned()).or_default().push(id);
    }

    pub(super) fn broadcast(&self, id: String) {
        self.lock().broadcasts.push(id);
    }

    pub(super) fn all_published(&self) {
        self.lock().is_all = true;
    }

    /// Whether there is no more to come for a reader: it has as many as there are.
    fn is_complete(&self, read: &Read) -> bool {
        let published = self.lock();
        let due = published.notifications.get(&read.user).map_or(0, Vec::len);
        published.is_all
            && read.notifications.len() >= due
            && read.broadcasts.len() >= published.broadcasts.len()
    }

    /// Holds what was read against it.
    pub(super) fn judge(&self, reads: &[Read], outcome: &mut Outcome) {
        let published = self.lock();
        let (mut due, mut otherwise, mut due_to_all, mut otherwise_to_all) = (0, 0, 0, 0);
        for read in reads {
            let wanted = published.notifications.get(&read.user).map_or(&[][..], Vec::as_slice);
            due += wanted.len();
            otherwise += differences(wanted, &read.notifications);
            due_to_all += published.broadcasts.len();
            otherwise_to_all += differences(&published.broadcasts, &read.broadcasts);
            if read.notifications != wanted {
                outcome.example(format!("{}: {wanted:?} became {:?}", read.user, read.notifications));
            }
            for refused in &read.refused {
                outcome.example(format!("{}: {refused}", read.user));
            }
        }
        outcome.promise(
            "a cut stream goes on behind its last event: every notification once, in order",
            due,
            otherwise,
        );
        outcome.promise("every broadcast once, in order", due_to_all, otherwise_to_all);
        let opened = reads.iter().map(|read| read.opened).sum();
        let resets = reads.iter().map(|read| read.resets).sum();
        outcome.promise("a cursor of the stream's own is never answered with `reset`", opened, resets);
        let refused: usize = reads.iter().map(|read| read.refused.len()).sum();
        outcome.promise("a stream is never refused", opened + refused, refused);
    }

    fn lock(&self) -> MutexGuard<'_, Published> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn differences(wanted: &[String], got: &[String]) -> usize {
    wanted.len().max(got.len()) - wanted.iter().zip(got).filter(|(a, b)| a == b).count()
}

/// Reads on behind an event, over as many connections as it takes, until all has come.
pub(super) async fn read(
    door: Door,
    user: String,
    token: String,
    first: StreamEvent,
    expected: Expected,
) -> Result<Read, Error> {
    let mut cursor = first.id.clone();
    let mut read = Read {
        user,
        notifications: Vec::new(),
        broadcasts: Vec::new(),
        resets: 0,
        refused: Vec::new(),
        opened: 0,
        cuts: 0,
    };
    note(&first, &mut read)?;
    while !expected.is_complete(&read) {
        match EventStream::notifications(&door.url(), &read.user, &token, cursor.as_deref()).await {
            Ok(mut stream) => {
                read.opened += 1;
                // Silence, and an end without a break, are no cuts.
                while let Ok(next) = timeout(SILENCE, stream.next()).await {
                    read.cuts += usize::from(next.is_err());
                    let Ok(Some(event)) = next else { break };
                    note(&event, &mut read)?;
                    cursor = event.id.or(cursor);
                }
            }
            // Cut before the head, or the server is not there.
            Err(Error::Http { .. }) => sleep(Duration::from_millis(20)).await,
            Err(refused) => {
                read.refused.push(refused.to_string());
                sleep(SILENCE).await;
            }
        }
    }
    Ok(read)
}

/// The next event that has a position.
pub(super) async fn next_with_id(stream: &mut EventStream) -> Result<Option<StreamEvent>, Error> {
    while let Some(event) = stream.next().await? {
        if event.id.is_some() {
            return Ok(Some(event));
        }
    }
    Ok(None)
}

fn note(event: &StreamEvent, read: &mut Read) -> Result<(), Error> {
    let id = || {
        let stored: super::Stored = serde_json::from_str(&event.data)
            .map_err(|error| Error::Broken(format!("{}: {error}", event.data)))?;
        Ok::<_, Error>(stored.id)
    };
    match event.name.as_str() {
        "notification" => read.notifications.push(id()?),
        "broadcast" => read.broadcasts.push(id()?),
        "reset" => read.resets += 1,
        _ => {}
    }
    Ok(())
}
