//! What a session does when time has passed: each is a time of its own, and one timer stands for the earliest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tidings_protocol::RoomId;
use tidings_protocol::limits::TYPING_EXPIRY_MS;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::wake::Source;

/// How long a ping may stay unanswered.
const PONG_GRACE: Duration = Duration::from_secs(8);
/// How long delivered positions of rooms are gathered.
const DELIVERED_INTERVAL: Duration = Duration::from_secs(1);
/// How long a log that could not be read is left alone.
const READ_RETRY: Duration = Duration::from_secs(1);

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask the peer whether it lives.
    Ping,
    /// The peer has not answered.
    Dead,
    /// Tell the client that its token is about to expire.
    WarnToken,
    /// The token has expired.
    TokenExpired,
    /// The client has not said where it stands.
    NoResume,
    /// The user has stopped typing without saying so.
    TypingOver(RoomId),
    /// Tell how far rooms were delivered.
    Delivered,
    /// Read on, after a log could not be read or a long replay has rested.
    Read,
}

/// A session's times.
#[derive(Debug)]
pub struct Deadlines {
    heartbeat: Duration,
    heard: Instant,
    pinged: bool,
    warn_token: Option<Instant>,
    token_end: Instant,
    resume_by: Option<Instant>,
    typing: Vec<(RoomId, Instant)>,
    delivered: Option<Instant>,
    read: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    bell: Source,
    /// A time was set, or something was due: the timer may stand too late.
    is_stale: bool,
}

impl Deadlines {
    /// A session that was heard just now.
    #[must_use]
    pub fn new(heartbeat: Duration) -> Self {
        let now = Instant::now();
        Self {
            heartbeat,
            heard: now,
            pinged: false,
            warn_token: None,
            token_end: now,
            resume_by: None,
            typing: Vec::new(),
            delivered: None,
            read: None,
            timer: None,
            bell: Source::default(),
            is_stale: true,
        }
    }

    /// The token counts for this long; the client is told `warn_before` the end.
    pub fn set_token(&mut self, counts_for: Duration, warn_before: Duration) {
        let now = Instant::now();
        self.token_end = now + counts_for;
        self.warn_token = Some(self.token_end - warn_before.min(counts_for));
        self.is_stale = true;
    }

    /// The client must say where it stands within this time; `None`: it has.
    pub fn set_resume(&mut self, within: Option<Duration>) {
        self.resume_by = within.map(|d| Instant::now() + d);
        self.is_stale = true;
    }

    /// The peer lives.
    pub fn heard(&mut self) {
        self.heard = Instant::now();
        // The timer stands at the end of the wait for an answer, which may be behind the next ping.
        self.is_stale |= std::mem::take(&mut self.pinged);
    }

    /// The user types in a room; without another word, it is over after a while.
    pub fn typing(&mut self, room: &RoomId) {
        self.typing.retain(|(r, _)| r != room);
        self.typing.push((room.clone(), Instant::now() + Duration::from_millis(TYPING_EXPIRY_MS)));
        self.is_stale = true;
    }

    /// The user does not type in a room any more. Returns whether it did.
    pub fn stopped_typing(&mut self, room: &RoomId) -> bool {
        let before = self.typing.len();
        self.typing.retain(|(r, _)| r != room);
        self.typing.len() < before
    }

    /// Where the user types.
    #[must_use]
    pub fn typing_rooms(&self) -> Vec<RoomId> {
        self.typing.iter().map(|(room, _)| room.clone()).collect()
    }

    /// Entries of rooms have been delivered.
    pub fn delivered(&mut self) {
        if self.delivered.is_none() {
            self.delivered = Some(Instant::now() + DELIVERED_INTERVAL);
            self.is_stale = true;
        }
    }

    /// Whether entries that are delivered from now on are told of at a set time.
    #[must_use]
    pub const fn will_tell_delivered(&self) -> bool {
        self.delivered.is_some()
    }

    /// Logs are left alone for a time, so that others come to read.
    pub fn rest(&mut self, pause: Duration) {
        self.read = Some(Instant::now() + pause);
        self.is_stale = true;
    }

    /// A log could not be read.
    pub fn read_failed(&mut self) {
        self.read = Some(Instant::now() + READ_RETRY);
        self.is_stale = true;
    }

    /// Whether logs are left alone for now.
    #[must_use]
    pub const fn read_waits(&self) -> bool {
        self.read.is_some()
    }

    /// What is due next, as soon as it is.
    pub fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        if !self.bell.rang(cx) && !self.is_stale {
            return Poll::Pending;
        }
        loop {
            if let Some(due) = self.take_due(Instant::now()) {
                self.is_stale = true;
                return Poll::Ready(due);
            }
            let next = self.next();
            let timer = match &mut self.timer {
                Some(timer) => {
                    if timer.deadline() > next || timer.is_elapsed() {
                        timer.as_mut().reset(next);
                    }
                    timer
                }
                none => none.insert(Box::pin(sleep_until(next))),
            };
            // A timer that stands too early is harmless: it looks again, and is set anew.
            match timer.as_mut().poll(&mut Context::from_waker(self.bell.waker())) {
                Poll::Ready(()) => {}
                Poll::Pending => {
                    self.is_stale = false;
                    return Poll::Pending;
                }
            }
        }
    }

    fn next(&self) -> Instant {
        let silence = self.heard + self.heartbeat + if self.pinged { PONG_GRACE } else { Duration::ZERO };
        let typing = self.typing.iter().map(|(_, at)| *at).min();
        [self.warn_token, self.resume_by, typing, self.delivered, self.read]
            .into_iter()
            .flatten()
            .fold(silence.min(self.token_end), Instant::min)
    }

    fn take_due(&mut self, now: Instant) -> Option<Due> {
        let over = |at: &mut Option<Instant>| at.take_if(|at| *at <= now).is_some();
        if self.token_end <= now {
            return Some(Due::TokenExpired);
        }
        if over(&mut self.warn_token) {
            return Some(Due::WarnToken);
        }
        if over(&mut self.resume_by) {
            return Some(Due::NoResume);
        }
        if over(&mut self.delivered) {
            return Some(Due::Delivered);
        }
        if over(&mut self.read) {
            return Some(Due::Read);
        }
        if let Some(at) = self.typing.iter().position(|(_, at)| *at <= now) {
            return Some(Due::TypingOver(self.typing.swap_remove(at).0));
        }
        let silence = now.duration_since(self.heard);
        if self.pinged && silence >= self.heartbeat + PONG_GRACE {
            return Some(Due::Dead);
        }
        if !self.pinged && silence >= self.heartbeat {
            self.pinged = true;
            return Some(Due::Ping);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn due(deadlines: &mut Deadlines) -> Due {
        std::future::poll_fn(|cx| deadlines.poll_due(cx)).await
    }

    fn deadlines() -> Deadlines {
        let mut deadlines = Deadlines::new(Duration::from_secs(25));
        deadlines.set_token(Duration::from_secs(3600), Duration::from_secs(60));
        deadlines
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_asked_and_then_given_up_within_35_seconds() {
        let mut deadlines = deadlines();
        let began = Instant::now();
        assert_eq!(due(&mut deadlines).await, Due::Ping);
        assert_eq!(due(&mut deadlines).await, Due::Dead);
        assert!(began.elapsed() <= Duration::from_secs(35));
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_lives_on() {
        let mut deadlines = deadlines();
        for _ in 0..3 {
            assert_eq!(due(&mut deadlines).await, Due::Ping);
            deadlines.heard();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_answers_is_asked_as_often_as_it_was_told() {
        let mut deadlines = Deadlines::new(Duration::from_secs(2));
        deadlines.set_token(Duration::from_secs(3600), Duration::from_secs(60));
        let began = Instant::now();
        for asked in 1..=4 {
            assert_eq!(due(&mut deadlines).await, Due::Ping);
            assert_eq!(began.elapsed().as_secs(), 2 * asked);
            // The session waits for the answer meanwhile, and so the timer is set.
            let early = tokio::time::timeout(Duration::ZERO, due(&mut deadlines)).await;
            assert!(early.is_err());
            deadlines.heard();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn typing_is_over_five_seconds_after_its_last_refresh() {
        let mut deadlines = deadlines();
        let room = RoomId::new("general").unwrap();
        let began = Instant::now();
        deadlines.typing(&room);
        tokio::time::advance(Duration::from_secs(3)).await;
        deadlines.typing(&room);
        assert_eq!(due(&mut deadlines).await, Due::TypingOver(room));
        assert_eq!(began.elapsed().as_secs(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_warned_of_and_ends() {
        let mut deadlines = Deadlines::new(Duration::from_secs(25));
        deadlines.set_token(Duration::from_secs(9), Duration::from_secs(3));
        assert_eq!(due(&mut deadlines).await, Due::WarnToken);
        deadlines.set_token(Duration::from_secs(9), Duration::from_secs(3));
        assert_eq!(due(&mut deadlines).await, Due::WarnToken);
        assert_eq!(due(&mut deadlines).await, Due::TokenExpired);
    }
}
