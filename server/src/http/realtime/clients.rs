//! What a node remembers of the client sessions that use the fallback: a rate bucket, the gate of their logs,
//! and whether a request with frames is on its way. Forgotten after a while, and bounded.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::{ClientSession, Code, UserId};
use tokio::time::Instant;

use crate::error::Error;
use crate::limits::{RateLimits, SessionRate};
use crate::node::Gate;

/// Client sessions that are remembered at most.
const MAX_CLIENTS: usize = 100_000;
/// A client session that was not heard for this long is forgotten.
const FORGET_AFTER: Duration = Duration::from_secs(120);

/// Names a client session.
pub type Key = (UserId, ClientSession);

/// The client sessions of this node. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    known: Arc<Mutex<HashMap<Key, Known>>>,
}

#[derive(Debug)]
struct Known {
    rate: Arc<SessionRate>,
    gate: Arc<Gate>,
    busy: Arc<AtomicBool>,
    heard: Instant,
}

/// A request with frames that is on its way; another one of the same client session is refused meanwhile.
#[derive(Debug)]
pub struct InFlight {
    /// The client session's bucket.
    pub rate: Arc<SessionRate>,
    /// The client session's gate.
    pub gate: Arc<Gate>,
    busy: Arc<AtomicBool>,
}

impl Clients {
    /// The client session's bucket.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the node remembers as many as it can.
    pub fn rate(&self, key: &Key, rates: &RateLimits) -> Result<Arc<SessionRate>, Error> {
        self.with(key, rates, |known| Arc::clone(&known.rate))
    }

    /// Begins a request with frames.
    ///
    /// # Errors
    /// `CONFLICT`: another one is on its way. `UNAVAILABLE`: the node remembers as many as it can.
    pub fn begin(&self, key: &Key, rates: &RateLimits) -> Result<InFlight, Error> {
        let (rate, gate, busy) = self.with(key, rates, |known| {
            (Arc::clone(&known.rate), Arc::clone(&known.gate), Arc::clone(&known.busy))
        })?;
        if busy.swap(true, Ordering::AcqRel) {
            let detail = "another request with frames of this client session is on its way";
            return Err(Error::new(Code::Conflict).detail(detail));
        }
        Ok(InFlight { rate, gate, busy })
    }

    fn with<T>(&self, key: &Key, rates: &RateLimits, take: impl FnOnce(&Known) -> T) -> Result<T, Error> {
        let now = Instant::now();
        let mut known = self.known.lock();
        if known.len() >= MAX_CLIENTS && !known.contains_key(key) {
            known.retain(|_, k| now.duration_since(k.heard) < FORGET_AFTER);
            if known.len() >= MAX_CLIENTS {
                return Err(Error::new(Code::Unavailable).detail("too many clients"));
            }
        }
        let entry = known.entry(key.clone()).or_insert_with(|| Known {
            rate: Arc::new(rates.session()),
            gate: Arc::default(),
            busy: Arc::default(),
            heard: now,
        });
        entry.heard = now;
        Ok(take(entry))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.busy.store(false, Ordering::Release);
    }
}
