//! How many connections may come in a second, and when those come again that are one too many.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::bucket::{Bucket, Quota};
use super::connections::Refused;

/// Who is one too many in a second is told a turn within this time; past it the turns begin anew.
const TURNS: Duration = Duration::from_secs(20);

/// How many may come in a second.
#[derive(Debug)]
pub(super) struct Arrivals {
    quota: Quota,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    bucket: Bucket,
    /// When the last one who was refused is to come again.
    last_turn: Instant,
}

impl Arrivals {
    /// With a full bucket.
    pub(super) fn at(quota: Quota, now: Instant) -> Self {
        Self { quota, line: Mutex::new(Line { bucket: Bucket::full(now), last_turn: now }) }
    }

    /// Takes one in.
    ///
    /// # Errors
    /// There is no place in this second.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Refused> {
        self.line.lock().bucket.take(self.quota, now).map_err(|_| Refused::Rate)
    }

    /// When one who was refused, and is told so, is to come again: one after the other, since many who come again at once
    /// would be refused at once again.
    pub(super) fn turn(&self, now: Instant) -> Duration {
        let mut line = self.line.lock();
        let next = now + self.quota.interval();
        let turn = next.max(line.last_turn + self.quota.interval());
        line.last_turn = if turn > now + TURNS { next } else { turn };
        line.last_turn - now
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::error::whole_seconds;

    /// A crowd comes within half a second. Who is refused comes again when told, in whole seconds as `Retry-After` has them.
    /// When the last is in, in milliseconds, and how often they have asked for it in all.
    fn return_of(crowd: u64, per_second: u32) -> (u64, u64) {
        let began = Instant::now();
        let arrivals = Arrivals::at(Quota::per_second(per_second.try_into().unwrap(), 1), began);
        let mut coming: BTreeSet<(u64, u64)> = (0..crowd).map(|n| (n * 500 / crowd, n)).collect();
        let (mut last, mut asked) = (0, 0);
        while let Some((at, n)) = coming.pop_first() {
            asked += 1;
            let now = began + Duration::from_millis(at);
            if arrivals.admit(now).is_ok() {
                last = at;
            } else {
                let turn = arrivals.turn(now);
                assert!(turn <= TURNS);
                coming.insert((at + 1_000 * whole_seconds(turn), n));
            }
        }
        (last, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_one_too_many_is_told_a_turn_at_which_there_is_place() {
        let (last, asked) = return_of(10_000, 2_000);
        assert!(last <= 6_000 && asked <= 20_000, "the last after {last} ms, {asked} asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_no_line_can_hold_is_taken_in_as_fast_as_it_can_be() {
        let (last, asked) = return_of(1_000, 10);
        assert!(last <= 130_000 && asked <= 10_000, "the last after {last} ms, {asked} asked");
    }
}
