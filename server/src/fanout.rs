//! From the broker's stream to the hub; what the stream has skipped is read from the log first.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::broker::{Payload, Publication, Topic};
use crate::clock::{Clock, until};
use crate::frames;
use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::revocation::Revocations;
use crate::store::Store;

/// Entries read at once where the stream has skipped some.
const PAGE: u32 = 200;

/// Runs until the broker's stream ends.
pub async fn run(
    mut stream: mpsc::Receiver<Publication>,
    hub: Arc<Hub>,
    store: Arc<dyn Store>,
    clock: Clock,
    revocations: Arc<Revocations>,
    metrics: Arc<Metrics>,
) {
    while let Some(publication) = stream.recv().await {
        metrics.broker_lag(until(publication.at, clock.now()));
        if let (Topic::Room(room), Payload::Entry { seq, .. }) = (&publication.topic, &publication.payload) {
            heal(&hub, &*store, room, *seq).await;
        }
        if publication.payload == Payload::Revoked {
            revocations.hint();
        }
        hub.deliver(&publication);
    }
}

/// Hands over the entries before `seq` that never came. Where the log cannot be read, the sessions notice the
/// jump themselves and read it later.
async fn heal(hub: &Hub, store: &dyn Store, room: &tidings_protocol::RoomId, seq: u64) {
    while let Some(missing) = hub.missing_before(room, seq) {
        let Ok(entries) = store.log(room, missing.after, PAGE).await else { return };
        let before = entries.len();
        for entry in entries.into_iter().take_while(|e| e.seq < missing.before) {
            hub.deliver(&Publication {
                topic: Topic::Room(room.clone()),
                payload: Payload::Entry { seq: entry.seq, frame: frames::entry(&entry) },
                at: entry.at,
            });
        }
        if before == 0 {
            return;
        }
    }
}
