//! The comparison: the log against what was acknowledged and against what was shown.

use std::collections::{HashMap, HashSet};

use tidings_protocol::Event;
use tidings_protocol::http::FramePage;

use super::writer::Acked;
use crate::api::Api;
use crate::error::Error;

/// One entry of the log, as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Logged {
    /// Its position.
    pub(crate) seq: u64,
    /// The server's id of it.
    pub(crate) message_id: String,
    /// The client's.
    pub(crate) id: String,
    /// Its text.
    pub(crate) content: String,
}

/// Reads a room's log whole.
pub(super) async fn read(api: &Api, token: &str, room: &str) -> Result<Vec<Logged>, Error> {
    let mut log: Vec<Logged> = Vec::new();
    loop {
        let after = log.last().map_or(0, |entry| entry.seq);
        let page: FramePage =
            api.get(token, &format!("/api/v1/rooms/{room}/log?after={after}&limit=200")).await?;
        let before = log.len();
        for frame in page.frames {
            if let Event::ChatMessage(message) = frame.event {
                log.push(Logged {
                    seq: message.seq,
                    message_id: message.message_id.to_string(),
                    id: message.client_id.map(|id| id.to_string()).unwrap_or_default(),
                    content: message.content,
                });
            }
        }
        if !page.has_more || log.len() == before {
            return Ok(log);
        }
    }
}

/// How often each promise was tried, and how often it was broken.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    acked: usize,
    lost: usize,
    resent: usize,
    twice: usize,
    stored: usize,
    holes: usize,
    overtaken: usize,
    again: usize,
    again_otherwise: usize,
    shown: usize,
    shown_otherwise: usize,
}

impl Verdict {
    /// Holds a room's log against what was acknowledged there.
    pub(super) fn log(&mut self, log: &[Logged], acked: &[&Acked]) {
        let by_id: HashMap<&str, &Logged> = log.iter().map(|entry| (entry.id.as_str(), entry)).collect();
        self.acked += acked.len();
        self.resent += acked.iter().filter(|a| a.duplicate).count();
        self.lost += acked.iter().filter(|a| !by_id.get(a.id.as_str()).is_some_and(|e| is(e, a))).count();
        self.stored += log.len();
        let mut ids = HashSet::new();
        self.twice += log.iter().filter(|entry| !ids.insert(&entry.id)).count();
        self.holes += log.iter().zip(1..).filter(|(entry, seq)| entry.seq != *seq).count();
        let mut last: HashMap<&str, u64> = HashMap::new();
        for entry in log {
            if let Some((writer, number)) = numbered(&entry.content)
                && last.insert(writer, number).is_some_and(|before| before >= number)
            {
                self.overtaken += 1;
            }
        }
    }

    /// Holds it against the ACKs of what was sent once more after it had been acknowledged.
    pub(super) fn again<'a>(&mut self, log: &[Logged], acked: impl Iterator<Item = &'a Acked>) {
        for acked in acked {
            self.again += 1;
            let first = log.iter().find(|entry| entry.id == acked.id);
            if !acked.duplicate || !first.is_some_and(|entry| is(entry, acked)) {
                self.again_otherwise += 1;
            }
        }
    }

    /// Holds it against what one who read live was shown.
    pub(super) fn seen(&mut self, log: &[Logged], seen: &[(u64, String)]) {
        let same =
            log.iter().zip(seen).filter(|(entry, (seq, id))| entry.seq == *seq && entry.message_id == *id);
        self.shown += log.len();
        self.shown_otherwise += log.len().max(seen.len()) - same.count();
    }

    /// Each promise, how often it was tried, how often it was broken.
    pub(super) fn rows(&self) -> [(&'static str, usize, usize); 6] {
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

    /// Whether none was broken.
    pub(super) fn is_kept(&self) -> bool {
        self.rows().iter().all(|(_, _, broken)| *broken == 0)
    }

    /// ACKs that answered a resend: the first sending had been stored, and its ACK was lost with the server.
    pub(super) const fn resent(&self) -> usize {
        self.resent
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
        verdict.log(log, &acks.iter().collect::<Vec<_>>());
        verdict.seen(log, seen);
        broken_of(&verdict)
    }

    fn broken_of(verdict: &Verdict) -> Vec<usize> {
        verdict.rows().iter().map(|(_, _, broken)| *broken).collect()
    }

    #[test]
    fn a_resend_must_be_called_one_and_told_the_first_position() {
        let log = [logged(1, "a", "w0 1"), logged(2, "b", "w0 2")];
        let answered = |seq, duplicate| {
            let mut verdict = Verdict::default();
            verdict.again(&log, [Acked { duplicate, ..acked(seq, "a", "w0 1") }].iter());
            broken_of(&verdict)
        };
        assert_eq!(answered(1, true), [0, 0, 0, 0, 0, 0]);
        assert_eq!(answered(3, true), [0, 0, 1, 0, 0, 0]);
        assert_eq!(answered(1, false), [0, 0, 1, 0, 0, 0]);
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
