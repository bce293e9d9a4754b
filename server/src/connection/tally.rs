//! How many frames of each type a session has sent, counted here first so that the shared counters are touched
//! once a flush and not once a frame.

use crate::frames::kind_of;
use crate::metrics::{SentCounter, TransportMetrics};

/// Counts since the last report.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Vec<Count>,
}

/// Frames of one type.
#[derive(Debug)]
struct Count {
    kind: &'static str,
    frames: u64,
    /// The transport's own, kept since finding it costs more than adding to it.
    total: Option<SentCounter>,
}

impl Tally {
    /// Counts one encoded frame.
    pub fn count(&mut self, frame: &str) {
        let kind = kind_of(frame);
        match self.counts.iter_mut().find(|count| count.kind == kind) {
            Some(count) => count.frames += 1,
            None => self.counts.push(Count { kind, frames: 1, total: None }),
        }
    }

    /// Adds the counts to the transport's, which is always the same one, and begins anew.
    pub fn report(&mut self, metrics: &TransportMetrics) {
        for count in self.counts.iter_mut().filter(|count| count.frames > 0) {
            let total = count.total.get_or_insert_with(|| metrics.sent_counter(count.kind));
            total.inc_by(std::mem::take(&mut count.frames));
        }
    }
}
