//! Read markers on their way: the furthest position of each room, resent until it is acknowledged.

use alloc::vec::Vec;

use tidings_protocol::limits::MAX_ROOMS_PER_SESSION;
use tidings_protocol::{ClientId, RoomId};

use crate::time::{Duration, Instant};

#[derive(Debug)]
struct Marker {
    room: RoomId,
    seq: u64,
    sent: Option<(ClientId, u64)>,
    not_before: Option<Instant>,
}

/// One marker for each room; the oldest goes where there are too many.
#[derive(Debug, Default)]
pub(crate) struct Markers(Vec<Marker>);

impl Markers {
    /// The app moved a marker.
    pub(crate) fn set(&mut self, room: RoomId, seq: u64) {
        if let Some(marker) = self.0.iter_mut().find(|m| m.room == room) {
            marker.seq = marker.seq.max(seq);
            return;
        }
        if self.0.len() >= MAX_ROOMS_PER_SESSION {
            self.0.remove(0);
        }
        self.0.push(Marker { room, seq, sent: None, not_before: None });
    }

    /// Whether a marker is to be sent.
    pub(crate) fn has_next(&self, now: Instant) -> bool {
        self.0.iter().any(|m| m.is_due(now))
    }

    /// The next marker to be sent; it counts as sent under `id`.
    pub(crate) fn next(&mut self, now: Instant, id: ClientId) -> Option<(RoomId, u64)> {
        let marker = self.0.iter_mut().find(|m| m.is_due(now))?;
        marker.sent = Some((id, marker.seq));
        Some((marker.room.clone(), marker.seq))
    }

    /// When the next one that had to wait is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.iter().filter(|m| m.sent.is_none()).filter_map(|m| m.not_before).min()
    }

    /// A frame was answered, well or, with a time to wait, not yet. True where it was a marker's.
    pub(crate) fn answered(&mut self, id: &str, retry_at: Option<Instant>) -> bool {
        let mine = |m: &Marker| m.sent.as_ref().is_some_and(|(sent, _)| sent.as_str() == id);
        let Some(at) = self.0.iter().position(mine) else { return false };
        let marker = &mut self.0[at];
        let done = marker.sent.take().is_some_and(|(_, seq)| seq >= marker.seq);
        marker.not_before = retry_at;
        if done && retry_at.is_none() {
            self.0.remove(at);
        }
        true
    }

    /// The connection is gone.
    pub(crate) fn disconnected(&mut self) {
        for marker in &mut self.0 {
            marker.sent = None;
            marker.not_before = None;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Marker {
    fn is_due(&self, now: Instant) -> bool {
        self.sent.is_none() && self.not_before.is_none_or(|at| at <= now)
    }
}

/// How long to wait where a server's refusal does not say.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
