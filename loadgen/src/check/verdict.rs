//! The comparison: the log against what was acknowledged and against what was shown.

use std::collections::{HashMap, HashSet};

use super::log::Logged;
use super::sent::Acked;

/// Examples that are kept of what was broken.
const EXAMPLES: usize = 20;

/// How often each promise was tried, and how often it was broken.
#[derive(Debug, Default)]
pub struct Verdict {
    acked: usize,
    lost: usize,
    twice: usize,
    stored: usize,
    holes: usize,
    overtaken: usize,
    again: usize,
    again_otherwise: usize,
    shown: usize,
    shown_otherwise: usize,
    examples: Vec<String>,
}

impl Verdict {
    /// Holds a room's log against what was acknowledged there.
    pub fn log(&mut self, room: &str, log: &[Logged], acked: &[&Acked]) {
        let by_id: HashMap<&str, &Logged> = log.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        self.acked += acked.len();
        for acked in acked {
            let entry = by_id.get(acked.id.as_str());
            if !entry.is_some_and(|entry| is(entry, acked)) {
                self.lost += 1;
                self.example(format!("{room}: acknowledged {acked:?}, and the log has {entry:?}"));
            }
        }
        self.stored += log.len();
        let (mut ids, mut last) = (HashSet::new(), HashMap::new());
        for (entry, seq) in log.iter().zip(1..) {
            if !ids.insert(entry.id.as_str()) {
                self.twice += 1;
                self.example(format!("{room}: a second time {entry:?}"));
            }
            if entry.seq != seq {
                self.holes += 1;
                self.example(format!("{room}: where {seq} should be there is {entry:?}"));
            }
            if let Some((writer, number)) = numbered(&entry.content)
                && last.insert(writer, number).is_some_and(|before| before >= number)
            {
                self.overtaken += 1;
                self.example(format!("{room}: out of its writer's order {entry:?}"));
            }
        }
    }

    /// Holds it against the ACKs of what was sent once more after it had been acknowledged.
    pub fn again<'a>(&mut self, log: &[Logged], acked: impl Iterator<Item = &'a Acked>) {
        for acked in acked {
            self.again += 1;
            let first = log.iter().find(|entry| entry.id == acked.id);
            if !first.is_some_and(|entry| is(entry, acked)) {
                self.again_otherwise += 1;
                self.example(format!("sent again, answered {acked:?}, and the log has {first:?}"));
            }
        }
    }

    /// Holds it against what one who read live was shown.
    pub fn seen(&mut self, room: &str, log: &[Logged], seen: &[(u64, String)]) {
        let is_same =
            |(entry, (seq, id)): &(&Logged, &(u64, String))| entry.seq == *seq && entry.message_id == *id;
        let otherwise = log.len().max(seen.len()) - log.iter().zip(seen).filter(is_same).count();
        self.shown += log.len();
        self.shown_otherwise += otherwise;
        if otherwise > 0 {
            let at = log.iter().zip(seen).take_while(is_same).count();
            let (entry, instead) = (log.get(at), seen.get(at));
            self.example(format!(
                "{room}: {} of {} shown; {instead:?} in place of {entry:?}",
                seen.len(),
                log.len()
            ));
        }
    }

    /// Each promise, how often it was tried, how often it was broken.
    #[must_use]
    pub fn rows(&self) -> [(&'static str, usize, usize); 6] {
        [
            ("an acknowledged message is in the log, as it was acknowledged", self.acked, self.lost),
            ("a message is in the log once, however often it was sent", self.stored, self.twice),
            (
                "what is sent again later is answered with its first position",
                self.again,
                self.again_otherwise,
            ),
            ("positions begin at 1 and have no holes", self.stored, self.holes),
            ("each writer's messages keep their order", self.stored, self.overtaken),
            ("who reads live sees the log: all of it, once, in order", self.shown, self.shown_otherwise),
        ]
    }

    /// Some of what was broken, for whoever looks for the reason.
    #[must_use]
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// Messages that were acknowledged.
    #[must_use]
    pub const fn acked(&self) -> usize {
        self.acked
    }

    /// Messages that were due to watchers, and how many of them came otherwise or not at all.
    #[must_use]
    pub const fn shown(&self) -> (usize, usize) {
        (self.shown, self.shown_otherwise)
    }

    fn example(&mut self, text: String) {
        if self.examples.len() < EXAMPLES {
            self.examples.push(text);
        }
    }
}

fn is(entry: &Logged, acked: &Acked) -> bool {
    entry.seq == acked.seq && entry.message_id == acked.message_id && entry.content == acked.content
}

fn numbered(content: &str) -> Option<(&str, u64)> {
    let (writer, number) = content.split_once(' ')?;
    Some((writer, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(seq: u64, id: &str, content: &str) -> Logged {
        Logged { seq, message_id: format!("m-{id}"), id: id.to_owned(), content: content.to_owned() }
    }

    fn acked(seq: u64, id: &str, content: &str) -> Acked {
        Acked {
            room: "r".to_owned(),
            id: id.to_owned(),
            message_id: format!("m-{id}"),
            seq,
            content: content.to_owned(),
            duplicate: false,
        }
    }

    fn broken(log: &[Logged], acks: &[Acked], seen: &[(u64, String)]) -> Vec<usize> {
        let mut verdict = Verdict::default();
        verdict.log("r", log, &acks.iter().collect::<Vec<_>>());
        verdict.seen("r", log, seen);
        broken_of(&verdict)
    }

    fn broken_of(verdict: &Verdict) -> Vec<usize> {
        verdict.rows().iter().map(|(_, _, broken)| *broken).collect()
    }

    #[test]
    fn a_resend_must_be_told_the_first_position() {
        let log = [logged(1, "a", "w0 1"), logged(2, "b", "w0 2")];
        let answered = |seq| {
            let mut verdict = Verdict::default();
            verdict.again(&log, [acked(seq, "a", "w0 1")].iter());
            broken_of(&verdict)
        };
        assert_eq!(answered(1), [0, 0, 0, 0, 0, 0]);
        assert_eq!(answered(3), [0, 0, 1, 0, 0, 0]);
    }

    fn shown(log: &[Logged]) -> Vec<(u64, String)> {
        log.iter().map(|entry| (entry.seq, entry.message_id.clone())).collect()
    }

    #[test]
    fn what_is_kept_breaks_nothing() {
        let log = [logged(1, "a", "w0 1"), logged(2, "b", "w1 1"), logged(3, "c", "w0 2")];
        let acks = [acked(1, "a", "w0 1"), acked(3, "c", "w0 2")];
        assert_eq!(broken(&log, &acks, &shown(&log)), [0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn every_broken_promise_is_found() {
        let log = [logged(1, "a", "w0 1"), logged(2, "b", "w0 2")];
        let lost = [acked(1, "a", "w0 1"), acked(3, "c", "w0 3")];
        assert_eq!(broken(&log, &lost, &shown(&log)), [1, 0, 0, 0, 0, 0]);
        let moved = [acked(2, "a", "w0 1")];
        assert_eq!(broken(&log, &moved, &shown(&log)), [1, 0, 0, 0, 0, 0]);
        let twice = [logged(1, "a", "w0 1"), logged(2, "a", "w0 1")];
        assert_eq!(broken(&twice, &[], &shown(&twice)), [0, 1, 0, 0, 1, 0]);
        let hole = [logged(1, "a", "w0 1"), logged(3, "b", "w0 2")];
        assert_eq!(broken(&hole, &[], &shown(&hole)), [0, 0, 0, 1, 0, 0]);
        let overtaken = [logged(1, "b", "w0 2"), logged(2, "a", "w0 1")];
        assert_eq!(broken(&overtaken, &[], &shown(&overtaken)), [0, 0, 0, 0, 1, 0]);
        assert_eq!(broken(&log, &[], &shown(&log)[..1]), [0, 0, 0, 0, 0, 1]);
        let again = [shown(&log), shown(&log)].concat();
        assert_eq!(broken(&log, &[], &again), [0, 0, 0, 0, 0, 2]);
    }
}
