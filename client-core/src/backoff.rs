//! How long to wait before the next attempt: exponential with full jitter, unless the server says how long.

use crate::rng::Rng;
use crate::time::Duration;

/// Counts attempts, and draws the wait before each.
#[derive(Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    max_attempts: Option<u32>,
    attempts: u32,
    exponent: u32,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// After this time; a wake-up may cut it short.
    Drawn(Duration),
    /// After this time, and not before.
    Told(Duration),
    /// Never.
    GivenUp,
}

impl Backoff {
    pub(crate) const fn new(base: Duration, cap: Duration, max_attempts: Option<u32>) -> Self {
        Self { base, cap, max_attempts, attempts: 0, exponent: 0 }
    }

    /// The wait before the next attempt; `told` is what the server asked for.
    pub(crate) fn next(&mut self, told: Option<Duration>, rng: &mut Rng) -> Wait {
        if self.max_attempts.is_some_and(|max| self.attempts >= max) {
            return Wait::GivenUp;
        }
        self.attempts = self.attempts.saturating_add(1);
        let bound = self.bound();
        self.exponent = self.exponent.saturating_add(1);
        told.map_or_else(|| Wait::Drawn(Duration::from_millis(rng.up_to(bound))), Wait::Told)
    }

    /// The server is in trouble or finds us too loud: the next wait is drawn as after `n` failures at least.
    pub(crate) fn at_least(&mut self, n: u32) {
        self.exponent = self.exponent.max(n);
    }

    /// These attempts, the one that has just failed included, were made for this session elsewhere.
    pub(crate) const fn follow(&mut self, attempts: u32) {
        self.attempts = attempts.saturating_sub(1);
        self.exponent = self.attempts;
    }

    /// The connection has proved good, or the app starts anew.
    pub(crate) const fn reset(&mut self) {
        self.attempts = 0;
        self.exponent = 0;
    }

    /// Attempts since the last reset.
    pub(crate) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The shortest time between two attempts that a wake-up may cause.
    pub(crate) const fn floor(&self) -> Duration {
        self.base
    }

    fn bound(&self) -> u64 {
        let factor = 1_u64.checked_shl(self.exponent).unwrap_or(u64::MAX);
        self.base.as_millis().saturating_mul(factor).min(self.cap.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::config::Config;

    /// Clients, each with a seed of its own.
    const CLIENTS: u64 = 10_000;
    const SECOND: u64 = 1_000;

    fn client(n: u64) -> (Backoff, Rng) {
        let config = Config::new([0, 0]);
        (
            Backoff::new(config.backoff_base, config.backoff_cap, None),
            Rng::new([n, n.wrapping_mul(0x9E37_79B9) + 1]),
        )
    }

    fn drawn(backoff: &mut Backoff, rng: &mut Rng) -> u64 {
        match backoff.next(None, rng) {
            Wait::Drawn(wait) => wait.as_millis(),
            other @ (Wait::Told(_) | Wait::GivenUp) => panic!("{other:?}"),
        }
    }

    /// `min(cap, base * 2^n)`, in milliseconds.
    fn bound(n: u32) -> u64 {
        (500 * 2_u64.pow(n)).min(20_000)
    }

    fn busiest(buckets: &[u64]) -> u64 {
        buckets.iter().copied().max().unwrap_or_default()
    }

    #[test]
    fn each_wait_is_drawn_evenly_from_nothing_to_a_bound_that_doubles_up_to_its_cap() {
        let mut clients: Vec<(Backoff, Rng)> = (1..=CLIENTS).map(client).collect();
        for n in 0..10 {
            let mut tenths = vec![0_u64; 10];
            for (backoff, rng) in &mut clients {
                let wait = drawn(backoff, rng);
                assert!(wait <= bound(n), "attempt {n}: {wait} ms");
                tenths[(wait * 10 / (bound(n) + 1)) as usize] += 1;
            }
            // A thousand in each, give or take five times their deviation of 30.
            assert!(tenths.iter().all(|count| (850..=1_150).contains(count)), "attempt {n}: {tenths:?}");
        }
    }

    #[test]
    fn after_a_reset_the_waits_begin_anew_and_trouble_makes_them_longer() {
        for n in 1..=CLIENTS {
            let (mut backoff, mut rng) = client(n);
            for _ in 0..8 {
                drawn(&mut backoff, &mut rng);
            }
            backoff.reset();
            assert!(drawn(&mut backoff, &mut rng) <= bound(0));
            assert!(drawn(&mut backoff, &mut rng) <= bound(1));
        }
        let longest = (1..=CLIENTS).map(|n| {
            let (mut backoff, mut rng) = client(n);
            backoff.at_least(4);
            drawn(&mut backoff, &mut rng)
        });
        assert!(longest.max().is_some_and(|wait| (bound(3) + 1..=bound(4)).contains(&wait)));
    }

    /// A server is away for so long, in milliseconds: when each client has its attempt that finds it again.
    fn back_after(outage: u64) -> Vec<u64> {
        let one = |n| {
            let (mut backoff, mut rng) = client(n);
            let mut at = drawn(&mut backoff, &mut rng);
            while at < outage {
                at += drawn(&mut backoff, &mut rng);
            }
            at - outage
        };
        let mut times: Vec<u64> = (1..=CLIENTS).map(one).collect();
        times.sort_unstable();
        times
    }

    #[test]
    fn ten_thousand_clients_come_back_with_few_times_the_mean_in_their_busiest_second() {
        // Where most find the server again by their second or third wait, they are back before the waits are long.
        for (outage, most_of_mean) in [(1, 3), (2, 4), (5, 4), (10, 3), (30, 3), (60, 3)] {
            let times = back_after(outage * SECOND);
            // Of the time in which 99 of 100 come: the last one alone would make it twice as long.
            let span = times[times.len() * 99 / 100];
            let mut seconds = vec![0_u64; (times[times.len() - 1] / SECOND + 1) as usize];
            for time in &times {
                seconds[(time / SECOND) as usize] += 1;
            }
            let mean = CLIENTS * SECOND / span;
            let busiest = busiest(&seconds);
            assert!(busiest <= most_of_mean * mean, "away for {outage} s: {seconds:?}, {mean} in the mean");
        }
    }
}
