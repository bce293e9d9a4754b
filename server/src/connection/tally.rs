//! How many frames of each type a session has sent, counted here first so that the shared counters are touched
//! once a flush and not once a frame.

use tidings_protocol::Event;

use crate::metrics::TransportMetrics;

/// Counts since the last report.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Vec<(&'static str, u64)>,
}

impl Tally {
    /// Counts one encoded frame.
    pub fn count(&mut self, frame: &str) {
        let kind = kind_of(frame);
        match self.counts.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => *n += 1,
            None => self.counts.push((kind, 1)),
        }
    }

    /// Adds the counts to the transport's and begins anew.
    pub fn report(&mut self, metrics: &TransportMetrics) {
        for (kind, n) in self.counts.drain(..) {
            metrics.sent(kind, n);
        }
    }
}

/// The type of a frame that this server has encoded: category and type stand first.
fn kind_of(frame: &str) -> &'static str {
    const CATEGORY: &str = "{\"category\":\"";
    const TYPE: &str = "\",\"type\":\"";
    let Some((category, rest)) = frame.strip_prefix(CATEGORY).and_then(|r| r.split_once(TYPE)) else {
        return "OTHER";
    };
    let Some((kind, _)) = rest.split_once('"') else { return "OTHER" };
    if category == "CHAT" && kind == "MESSAGE" {
        return "CHAT_MESSAGE";
    }
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
        assert_eq!(kind_of("{}"), "OTHER");
    }
}
