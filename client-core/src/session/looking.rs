//! Looks at a better transport than the one in use, and the move to it.
//!
//! A look is a connection of a client session of its own, so that the server ends nothing for it. It is let go as soon
//! as something came through; only then is the connection in use given up.

use super::Session;
use crate::input::ConnId;
use crate::output::{Connect, Output};
use crate::time::{Duration, Instant};
use crate::timers::Timer;
use crate::transport::Transport;

/// A look that takes longer is in vain.
const LOOK: Duration = Duration::from_secs(15);

impl Session {
    /// Sets the timer for the next look, where there is a better transport.
    pub(super) fn schedule_look(&mut self, now: Instant) {
        if self.ladder.is_best() {
            self.timers.clear(Timer::Look);
        } else {
            let due = self.ladder.next_look(now, &mut self.rng);
            self.timers.set(Timer::Look, due);
        }
    }

    /// The network may be another one: looks soon, unless a look is under way.
    pub(super) fn look_soon(&mut self, now: Instant) {
        if self.look.is_none() && self.timers.get(Timer::Look).is_some() {
            self.timers.set(Timer::Look, now + self.backoff.floor());
        }
    }

    /// The time for a look has come, or the one under way has taken too long.
    pub(super) fn look_due(&mut self, late: Duration, now: Instant) {
        if self.connection.as_ref().is_none_or(|c| c.greeted.is_none()) {
            return;
        }
        if let Some(look) = self.look {
            if crate::heartbeat::slept(late) {
                self.timers.set(Timer::Look, now + LOOK);
                return;
            }
            self.out.push(Output::Close(look, 1000));
            self.look_failed(now);
        } else {
            let transport = self.ladder.look();
            self.look_at(transport, now);
        }
    }

    /// The look was in vain: the next transport is looked at, or it is tried again later.
    pub(super) fn look_failed(&mut self, now: Instant) {
        self.look = None;
        match self.ladder.look_on() {
            Some(transport) => self.look_at(transport, now),
            None => self.schedule_look(now),
        }
    }

    /// The better transport gets through: the connection in use is given up for it.
    pub(super) fn climb(&mut self, now: Instant) {
        if let Some(look) = self.look.take() {
            self.out.push(Output::Close(look, 1000));
        }
        if let Some(connection) = &self.connection {
            self.out.push(Output::Close(connection.id, 1000));
        }
        self.drop_connection();
        self.ladder.climb();
        self.missed_at = Some(now);
        self.attempt(now);
    }

    /// Lets go of the look that is under way.
    pub(super) fn stop_looking(&mut self) {
        self.timers.clear(Timer::Look);
        if let Some(look) = self.look.take() {
            self.out.push(Output::Close(look, 1000));
        }
    }

    fn look_at(&mut self, transport: Transport, now: Instant) {
        let conn: ConnId = self.next_conn();
        let name = self.rng.uuid();
        let payload = self.payload(conn, transport, &name, false);
        self.look = Some(conn);
        self.timers.set(Timer::Look, now + LOOK);
        self.out.push(Output::Connect(Connect {
            conn,
            transport,
            payload,
            fresh_token: false,
            is_look: true,
        }));
    }
}
