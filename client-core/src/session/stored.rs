//! The outbox in storage: what an earlier life left, what other pages left, and when an entry is safe.

use alloc::vec::Vec;

use tidings_protocol::ClientId;

use super::Session;
use crate::input::Storage;
use crate::outbox::code_of;
use crate::output::{Event, Persist, SendState, State, Stored};
use crate::time::Instant;

impl Session {
    pub(super) fn storage_loaded(&mut self, storage: Storage, now: Instant) {
        if self.storage_ready {
            return;
        }
        self.storage_ready = true;
        if let Some(positions) = storage.positions {
            self.cursors.restore(&positions);
        }
        if core::mem::replace(&mut self.was_stored, true) {
            // What is gone from a storage that can be read was taken over.
            if self.persistence {
                for id in self.outbox.keep_only(&storage.outbox) {
                    self.event(Event::Sent { id, state: SendState::TakenOver });
                }
            }
            self.adopted(storage.outbox);
        } else {
            self.outbox.restore(storage.outbox);
        }
        for id in self.outbox.take_cancelled() {
            self.persist(Persist::Remove(id));
        }
        for stored in self.outbox.all() {
            if !self.outbox.is_saving(stored.id.as_str()) {
                self.tell_stored(&stored);
            }
            if !self.outbox.is_kept(stored.id.as_str()) {
                self.persist(Persist::Put(stored));
            }
        }
        if self.state == State::Connecting {
            self.attempt(now);
        }
    }

    /// Another page is gone, and its entries are this one's now.
    pub(super) fn adopted(&mut self, stored: Vec<Stored>) {
        for stored in self.outbox.adopt(stored) {
            self.tell_stored(&stored);
            // For its new place.
            self.persist(Persist::Put(stored));
        }
    }

    pub(super) fn saved(&mut self, id: ClientId, kept: bool) {
        if self.outbox.saved(id.as_str(), kept) {
            self.event(Event::Sent { id, state: SendState::Queued });
        }
    }

    /// The session is closed: until the next connect the entries are anybody's.
    pub(super) fn release_storage(&mut self) {
        self.storage_ready = !self.config.storage;
    }

    fn tell_stored(&mut self, stored: &Stored) {
        let state = match &stored.failed {
            Some(code) => SendState::Failed(code_of(code)),
            None => SendState::Queued,
        };
        self.event(Event::Sent { id: stored.id.clone(), state });
    }
}
