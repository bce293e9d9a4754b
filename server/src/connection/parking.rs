//! What a session lends while it sleeps, and what it makes of it when it wakes.

use super::session::Session;
use crate::lend::Writer;
use crate::outbox::Parked;

/// A session in more rooms than this is woken for each entry, so that what it lends is soon put together.
const MAX_PLACES: usize = 64;

impl Session {
    /// Whether the session has nothing to write, so that entries need not wake it. Where no time is set at which it tells
    /// how far it has delivered, the next entry wakes it, and it sets one.
    #[must_use]
    pub fn may_park(&self) -> bool {
        self.outgoing.is_empty()
            && !self.is_closing
            && self.deadlines.will_tell_delivered()
            && self.logs.room_count() <= MAX_PLACES
            && !self.is_closing_a_log()
    }

    /// Lends the socket, and where the session stands, until it is woken.
    pub fn park(&mut self, writer: Writer) {
        let mut places = std::mem::take(&mut self.places);
        places.clear();
        places.extend(self.logs.live_places());
        self.outbox.park(Parked { writer, places, begun: None });
    }

    /// Takes the socket back, and notes what was written meanwhile. Of the first frame that is to be written now, so
    /// many bytes are out.
    pub fn unpark(&mut self) -> Option<(Writer, usize)> {
        let Parked { writer, places, begun } = self.outbox.unpark()?;
        for place in &places {
            if let Some(room) = self.logs.slot(place.slot) {
                room.position.last = room.position.last.max(place.last);
            }
        }
        self.places = places;
        let written = begun.map_or(0, |(frame, written)| {
            self.send(frame);
            written
        });
        Some((writer, written))
    }
}
