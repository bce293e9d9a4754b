//! Which transport to take: one step down where one does not get through, and up again where a better one does.

use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::transport::{Transport, Transports};

/// Strikes at which a transport is given up.
const OUT: u32 = 4;
/// Last bound of the time between two looks at a better transport.
const LOOK_CAP: Duration = Duration::from_secs(600);

/// Why a connection counts against its transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// It was in use, but not for long.
    Young = 1,
    /// It did not come about, though there was an answer.
    Refused = 2,
    /// Nothing came through it.
    Silent = 4,
}

/// The transport in use, or to be tried next.
#[derive(Debug)]
pub(crate) struct Ladder {
    allowed: Transports,
    at: Transport,
    strikes: u32,
    /// First bound of the time between two looks.
    base: Duration,
    /// Looks in vain.
    looks: u32,
    /// When the next look is due. A connection that ends before does not put it off.
    due: Option<Instant>,
    /// The transport that is looked at.
    eyed: Transport,
}

impl Ladder {
    pub(crate) fn new(allowed: Transports, base: Duration) -> Self {
        let worst = Transport::Poll;
        let mut ladder = Self { allowed, at: worst, strikes: 0, base, looks: 0, due: None, eyed: worst };
        ladder.reset();
        ladder
    }

    pub(crate) const fn at(&self) -> Transport {
        self.at
    }

    /// Counts a connection that was of no use. Where there were too many, the next transport's turn comes; after the
    /// last one the first's.
    pub(crate) fn strike(&mut self, strike: Strike) {
        self.strikes += strike as u32;
        if self.strikes >= OUT {
            self.strikes = 0;
            match self.next(Some(self.at)) {
                Some(next) => self.at = next,
                None => self.reset(),
            }
        }
    }

    /// The connection has been good for long enough.
    pub(crate) fn proven(&mut self) {
        self.strikes = 0;
        if self.is_best() {
            self.looks = 0;
        }
    }

    /// Another page's connection goes by this one.
    pub(crate) fn follow(&mut self, transport: Transport) {
        if self.allowed.allow(transport) {
            self.at = transport;
        }
        self.strikes = 0;
    }

    /// Another network, or a new beginning: the best transport's turn.
    pub(crate) fn reset(&mut self) {
        self.at = self.next(None).unwrap_or_default();
        self.strikes = 0;
        self.looks = 0;
        self.due = None;
    }

    pub(crate) fn is_best(&self) -> bool {
        self.next(None) == Some(self.at)
    }

    /// When the next look at a better transport is due.
    pub(crate) fn next_look(&mut self, now: Instant, rng: &mut Rng) -> Instant {
        let factor = 1_u64.checked_shl(self.looks).unwrap_or(u64::MAX);
        let bound = self.base.as_millis().saturating_mul(factor).min(LOOK_CAP.as_millis());
        *self.due.get_or_insert_with(|| now + Duration::from_millis(bound / 2 + rng.up_to(bound / 2)))
    }

    /// Begins a look: the best transport first.
    pub(crate) fn look(&mut self) -> Transport {
        self.due = None;
        self.eyed = self.next(None).unwrap_or_default();
        self.eyed
    }

    /// The transport looked at is of no use. The one below it, where that would still be better than the present one.
    pub(crate) fn look_on(&mut self) -> Option<Transport> {
        let next = self.next(Some(self.eyed)).filter(|&next| next != self.at);
        match next {
            Some(next) => self.eyed = next,
            None => self.looks = self.looks.saturating_add(1),
        }
        next
    }

    /// The transport looked at gets through.
    pub(crate) const fn climb(&mut self) {
        self.at = self.eyed;
        self.strikes = 0;
        // Should it be of no use after all, the next look comes later.
        self.looks = self.looks.saturating_add(1);
    }

    /// The next allowed transport below one, or the best of all.
    fn next(&self, below: Option<Transport>) -> Option<Transport> {
        let from = below.map_or(0, |transport| transport as usize + 1);
        Transport::ALL.iter().skip(from).find(|&&transport| self.allowed.allow(transport)).copied()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use Transport::{Poll, Stream, WebSocket};

    fn ladder(allowed: Transports) -> Ladder {
        Ladder::new(allowed, Duration::from_secs(30))
    }

    #[test]
    fn it_goes_down_step_by_step_and_begins_again_at_the_top() {
        let mut ladder = ladder(Transports::ALL);
        let mut seen = vec![ladder.at()];
        for strike in [Strike::Refused, Strike::Refused, Strike::Silent, Strike::Young, Strike::Young] {
            ladder.strike(strike);
            seen.push(ladder.at());
        }
        assert_eq!(seen, [WebSocket, WebSocket, Stream, Poll, Poll, Poll]);
        ladder.strike(Strike::Refused);
        assert_eq!(ladder.at(), WebSocket);
    }

    #[test]
    fn only_what_is_allowed_is_taken() {
        let mut ladder = ladder(Transports::NONE.with(Poll).with(WebSocket));
        assert!(ladder.at() == WebSocket && ladder.is_best());
        ladder.strike(Strike::Silent);
        assert_eq!((ladder.at(), ladder.look()), (Poll, WebSocket));
        assert_eq!(ladder.look_on(), None, "there is no stream");
    }

    #[test]
    fn it_looks_at_the_best_first_and_then_more_and_more_rarely() {
        let mut ladder = ladder(Transports::ALL);
        ladder.strike(Strike::Silent);
        ladder.strike(Strike::Silent);
        let mut rng = Rng::new([1, 2]);
        let mut bound = 30_000;
        for _ in 0..8 {
            let now = Instant::from_millis(5_000);
            let due = ladder.next_look(now, &mut rng);
            let wait = (due - now).as_millis();
            assert!((bound / 2..=bound).contains(&wait), "{wait}");
            let later = now + Duration::from_millis(20_000);
            assert_eq!(ladder.next_look(later, &mut rng), due, "another connection does not put it off");
            assert_eq!((ladder.look(), ladder.look_on(), ladder.look_on()), (WebSocket, Some(Stream), None));
            bound = (2 * bound).min(600_000);
        }
        ladder.look();
        ladder.climb();
        assert_eq!(ladder.at(), WebSocket);
    }
}
