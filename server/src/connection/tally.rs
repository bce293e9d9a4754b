//! How many frames of each type a session has sent, counted here first so that the shared counters are touched
//! once a flush and not once a frame.

use tidings_protocol::Event;

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

/// The type of a frame that this server has encoded: category and type stand first.
fn kind_of(frame: &str) -> &'static str {
    const MESSAGE: &str = "{\"category\":\"CHAT\",\"type\":\"MESSAGE\"";
    const CATEGORY: &str = "{\"category\":\"";
    const TYPE: &str = "\",\"type\":\"";
    // What a busy room sends most: looking for the parts takes twice what it takes to put the frame into the
    // socket's buffer.
    if frame.starts_with(MESSAGE) {
        return "CHAT_MESSAGE";
    }
    let Some((category, rest)) = frame.strip_prefix(CATEGORY).and_then(|r| r.split_once(TYPE)) else {
        return "OTHER";
    };
    let Some((kind, _)) = rest.split_once('"') else { return "OTHER" };
    if category == "PRIVATE" && kind == "MESSAGE" {
        return "PRIVATE_MESSAGE";
    }
    Event::TYPES.iter().find(|(c, k)| *c == category && *k == kind).map_or("OTHER", |(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidings_protocol::Timestamp;
    use tidings_protocol::data::GoingAway;

    #[test]
    fn a_frames_type_is_read_off_its_beginning() {
        let frame = Event::GoingAway(GoingAway { retry_after_ms: 1 }).at(Timestamp::default()).encode();
        assert_eq!(kind_of(&frame), "GOING_AWAY");
        assert_eq!(kind_of(r#"{"category":"CHAT","type":"MESSAGE","data":{}}"#), "CHAT_MESSAGE");
        assert_eq!(kind_of(r#"{"category":"CHAT","type":"EDITED","data":{}}"#), "EDITED");
        assert_eq!(kind_of(r#"{"category":"PRIVATE","type":"MESSAGE","data":{}}"#), "PRIVATE_MESSAGE");
        assert_eq!(kind_of("{}"), "OTHER");
    }
}
