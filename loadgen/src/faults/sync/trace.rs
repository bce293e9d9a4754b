//! Reading what strace has written: where each message was written to the log, where the log was synced, and where
//! the ACK was written to a socket. The order of the lines is the order of the events.

use super::super::calls::{Call, Span, calls};

/// Digits of a message's mark.
const DIGITS: usize = 7;
/// What its digits stand behind.
const PREFIX: &str = "mark-";

/// The mark of message `n`: it stands in the content and is the frame's `id`.
pub(super) fn mark(n: usize) -> String {
    format!("{PREFIX}{n:0DIGITS$}")
}

/// What happened to each message, and to the log.
#[derive(Debug)]
pub(super) struct Trace {
    /// The first write to the log that holds the message.
    logged: Vec<Option<Span>>,
    /// The first write to a socket that holds its ACK.
    acked: Vec<Option<Span>>,
    /// Syncs of the log that did not fail, in the order in which they ended.
    syncs: Vec<Span>,
}

impl Trace {
    /// Reads the lines; `messages` is how many marks there are.
    pub(super) fn read(text: &str, messages: usize) -> Self {
        let mut trace = Self { logged: vec![None; messages], acked: vec![None; messages], syncs: Vec::new() };
        for call in calls(text) {
            trace.note(&call);
        }
        trace
    }

    /// How many ACKs were seen.
    pub(super) fn acks(&self) -> usize {
        self.acked.iter().flatten().count()
    }

    /// How many syncs of the log were seen.
    pub(super) const fn syncs(&self) -> usize {
        self.syncs.len()
    }

    /// A sentence for each ACK that came too early.
    pub(super) fn broken(&self) -> Vec<String> {
        let acked = self.acked.iter().enumerate().filter_map(|(n, acked)| acked.map(|at| (n, at)));
        let broken = acked.filter_map(|(n, ack)| {
            let said = format!("{} was acknowledged at line {}", mark(n), ack.began + 1);
            let Some(logged) = self.logged.get(n).copied().flatten() else {
                return Some(format!("{said} and never written to the log"));
            };
            let is_synced = |sync: &Span| sync.began > logged.ended && sync.ended < ack.began;
            let synced = self.syncs.iter().any(is_synced);
            (!synced)
                .then(|| format!("{said}, was logged at line {}, and not synced between", logged.ended + 1))
        });
        broken.collect()
    }

    fn note(&mut self, call: &Call<'_>) {
        let (span, arguments) = (call.span, call.arguments);
        let descriptor = call.descriptor();
        let is_log = descriptor.contains("-wal>");
        match call.name {
            _ if !call.is_done() => {}
            "fsync" | "fdatasync" if is_log => self.syncs.push(span),
            "fsync" | "fdatasync" => {}
            _ if is_log => first(&mut self.logged, arguments, PREFIX, span),
            _ if call.is_to_a_socket() => {
                first(&mut self.acked, arguments, &format!("\\\"id\\\":\\\"{PREFIX}"), span);
            }
            _ => {}
        }
    }
}

/// Notes the messages whose marks stand behind `before`, where they have not been noted earlier.
fn first(places: &mut [Option<Span>], text: &str, before: &str, span: Span) {
    for (at, _) in text.match_indices(before) {
        let digits = text.get(at + before.len()..).and_then(|rest| rest.get(..DIGITS));
        let number = digits.and_then(|digits| digits.parse::<usize>().ok());
        if let Some(place) = number.and_then(|number| places.get_mut(number)) {
            place.get_or_insert(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str =
        r#"7 10:00:00.1 pwrite64(9</d/tidings.db-wal>, "\0content of mark-0000000", 4096, 32) = 4096"#;
    const SYNC: &str = "7 10:00:00.2 fdatasync(9</d/tidings.db-wal>) = 0";
    const ACK: &str = r#"8 10:00:00.3 sendto(12<socket:[5]>, "\201~{\"type\":\"ACK\",\"data\":{\"id\":\"mark-0000000\"}}", 99, 0, NULL, 0) = 99"#;

    fn broken(lines: &[&str]) -> (usize, usize) {
        let trace = Trace::read(&lines.join("\n"), 1);
        (trace.acks(), trace.broken().len())
    }

    #[test]
    fn an_ack_after_a_sync_after_the_write_is_in_order() {
        assert_eq!(broken(&[LOG, SYNC, ACK]), (1, 0));
    }

    #[test]
    fn a_short_number_of_a_thread_is_followed_by_more_blanks() {
        let padded = |line: &str| line.replacen(' ', "    ", 1);
        let (log, sync, ack) = (padded(LOG), padded(SYNC), padded(ACK));
        assert_eq!(broken(&[&log, &sync, &ack]), (1, 0));
        assert_eq!(broken(&[&log, &ack, &sync]), (1, 1));
    }

    #[test]
    fn an_ack_without_a_sync_between_is_broken() {
        assert_eq!(broken(&[LOG, ACK, SYNC]), (1, 1));
        assert_eq!(broken(&[SYNC, LOG, ACK]), (1, 1));
        assert_eq!(broken(&[SYNC, ACK, LOG]), (1, 1));
        assert_eq!(broken(&[SYNC, ACK]), (1, 1));
        let of_another = SYNC.replace("tidings.db-wal", "tidings.db");
        assert_eq!(broken(&[LOG, &of_another, ACK]), (1, 1));
        assert_eq!(broken(&[LOG, &SYNC.replace("= 0", "= -1 EIO (Input/output error)"), ACK]), (1, 1));
    }

    #[test]
    fn a_sync_counts_from_its_begin_to_its_end() {
        let begin = "7 10:00:00.2 fdatasync(9</d/tidings.db-wal> <unfinished ...>";
        let end = "7 10:00:00.4 <... fdatasync resumed>) = 0";
        assert_eq!(broken(&[LOG, begin, end, ACK]), (1, 0));
        assert_eq!(broken(&[LOG, begin, ACK, end]), (1, 1));
        assert_eq!(broken(&[begin, LOG, end, ACK]), (1, 1));
    }

    #[test]
    fn a_message_in_its_own_event_is_no_ack() {
        assert_eq!(broken(&[&ACK.replace(r#"\"id\""#, r#"\"clientId\""#)]), (0, 0));
    }
}
