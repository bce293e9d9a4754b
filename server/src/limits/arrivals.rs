//! How many connections may come in a second, and when those come again that are one too many.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::bucket::{Bucket, Quota};
use super::connections::Refused;

/// Who is one too many in a second is told a turn within this time; past it the turns begin anew.
const TURNS: Duration = Duration::from_secs(60);

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

    /// Takes one in, or says when to come again: one after the other, since many who come again at once would be refused at
    /// once again.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Refused> {
        let mut line = self.line.lock();
        let Err(wait) = line.bucket.take(self.quota, now) else { return Ok(()) };
        let next = now + wait;
        let turn = next.max(line.last_turn + self.quota.interval());
        line.last_turn = if turn > now + TURNS { next } else { turn };
        Err(Refused::Rate(line.last_turn - now))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// When each of a crowd is in that comes within half a second, in milliseconds; who is refused comes again when told,
    /// in whole seconds as `Retry-After` has them.
    fn returns(crowd: u64, per_second: u32) -> Vec<u64> {
        let began = Instant::now();
        let arrivals = Arrivals::at(Quota::per_second(per_second.try_into().unwrap(), 1), began);
        let mut knocks: BTreeSet<(u64, u64)> = (0..crowd).map(|n| (n * 500 / crowd, n)).collect();
        let mut times = Vec::new();
        while let Some((at, n)) = knocks.pop_first() {
            match arrivals.admit(began + Duration::from_millis(at)) {
                Ok(()) => times.push(at),
                Err(Refused::Rate(turn)) => {
                    assert!(turn <= TURNS);
                    knocks.insert((at + 1_000 * crate::error::whole_seconds(turn), n));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_one_too_many_is_told_a_turn_at_which_there_is_place() {
        let times = returns(10_000, 2_000);
        assert!(times.last() <= Some(&6_000), "the last after {:?} ms", times.last());
        // A full bucket and what comes in meanwhile.
        let in_a_second = |from: &u64| times.iter().filter(|at| (*from..from + 1_000).contains(*at)).count();
        assert!(times.iter().step_by(50).map(in_a_second).max() <= Some(4_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_no_minute_takes_in_gets_in_all_the_same() {
        assert_eq!(returns(1_000, 10).len(), 1_000);
    }
}
