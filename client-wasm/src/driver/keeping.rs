//! What the driver keeps beyond the page: the outbox, as soon as it is known whose it is.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_client_core::{self as session, Input, Persist, State, Stored};
use tidings_protocol::ClientId;

use super::Driver;
use crate::storage::{CursorStore, Outbox, OutboxEvent};

/// Where the outbox is kept.
pub(super) enum Storage {
    /// Nobody knows yet whose it is; this waits until that is known.
    Unknown(Vec<Persist>),
    Open(Outbox),
    /// Memory only.
    None,
}

impl Storage {
    pub(super) const fn new(persistence: bool) -> Self {
        if persistence { Self::Unknown(Vec::new()) } else { Self::None }
    }
}

impl Driver {
    /// Opens the store where it is known whose it is. What earlier page loads left there comes later.
    pub(super) fn load_storage(self: &Rc<Self>) {
        if !matches!(*self.storage.borrow(), Storage::Unknown(_)) {
            return;
        }
        match self.open_storage() {
            Some(Storage::None) => self.keep_nothing(),
            Some(storage) => self.store_in(storage),
            None => {}
        }
    }

    /// The store of the user, where the user is known.
    fn open_storage(self: &Rc<Self>) -> Option<Storage> {
        let user = self.owner()?;
        let weak = Rc::downgrade(self);
        let outbox = Outbox::open(self.http.base(), &user, move |event| {
            if let Some(driver) = weak.upgrade() {
                driver.outbox_event(event);
            }
        });
        Some(outbox.map_or(Storage::None, Storage::Open))
    }

    /// The token may say whose the store is. Without a token the session begins with an empty outbox, so that it can
    /// connect at all, and what it wants kept waits for the first token.
    pub(super) fn ask_whose(self: &Rc<Self>) {
        self.load_storage();
        if !matches!(*self.storage.borrow(), Storage::Unknown(_)) {
            return;
        }
        self.with_token(|driver, had_one| {
            if had_one {
                driver.had_token();
            } else if driver.is_unknown() {
                // The error is met again by the attempt to connect, which deals with it.
                driver.begin_with(Vec::new());
            }
        });
    }

    /// Goes on with a token, or where none can be had without; it is not asked for where the user is known anyway.
    fn with_token(self: &Rc<Self>, then: fn(&Rc<Self>, bool)) {
        if self.owner().is_some() {
            return then(self, true);
        }
        let driver = Rc::clone(self);
        self.http.auth().token(false, Box::new(move |token| then(&driver, token.is_ok())));
    }

    /// Called whenever the app has given a token: it says whose the store is, or that nobody can say.
    pub(super) fn had_token(self: &Rc<Self>) {
        if self.is_unknown() {
            self.load_storage();
        }
        if self.is_unknown() {
            self.keep_nothing();
        }
    }

    /// Whether it is still to be found out whose the store is. A client that was closed meanwhile keeps nothing.
    fn is_unknown(&self) -> bool {
        matches!(*self.storage.borrow(), Storage::Unknown(_)) && self.status().state != State::Closed
    }

    /// The user by whose name things are kept, as far as it is known.
    pub(super) fn owner(&self) -> Option<String> {
        self.config.user_id.clone().or_else(|| self.http.auth().user_id())
    }

    fn outbox_event(self: &Rc<Self>, event: OutboxEvent) {
        match event {
            OutboxEvent::Loaded(stored) => self.begin_with(stored),
            OutboxEvent::Adopted(stored) => self.input(Input::Adopted(stored)),
            OutboxEvent::Saved { id, kept } => self.input(Input::Saved { id, kept }),
            OutboxEvent::Kept(kept) => self.input(Input::Kept(kept)),
        }
    }

    fn begin_with(self: &Rc<Self>, outbox: Vec<Stored>) {
        self.input(if self.has_begun.replace(true) {
            Input::Adopted(outbox)
        } else {
            Input::StorageLoaded(session::Storage { outbox, positions: None })
        });
    }

    /// It stays unknown whose the store is, or the user has no name that one can be kept by.
    fn keep_nothing(self: &Rc<Self>) {
        self.input(Input::Kept(false));
        self.store_in(Storage::None);
        self.begin_with(Vec::new());
    }

    fn store_in(self: &Rc<Self>, storage: Storage) {
        if let Storage::Unknown(waiting) = self.storage.replace(storage) {
            waiting.into_iter().for_each(|persist| self.persist(persist));
        }
    }

    /// The client is closed: what is kept is whoever's takes it over, until the next connect.
    pub(super) fn close_storage(&self) {
        if self.config.persistence {
            self.has_begun.set(false);
            let closed = self.storage.replace(Storage::new(true));
            drop(closed);
        }
    }

    pub(super) fn persist(self: &Rc<Self>, persist: Persist) {
        let unkept = match (&mut *self.storage.borrow_mut(), persist) {
            // Positions are not kept: a page that is loaded anew reads its history anew.
            (_, Persist::Positions(_)) | (Storage::None, Persist::Remove(_)) => None,
            (storage, Persist::Forget) => {
                self.forget(storage);
                None
            }
            (Storage::Unknown(waiting), persist) => {
                // The newest word on an entry is the one that counts: what waits is bounded as the outbox is.
                let id = entry_of(&persist);
                if let Some(at) = waiting.iter().position(|earlier| entry_of(earlier) == id) {
                    waiting.remove(at);
                }
                waiting.push(persist);
                None
            }
            (Storage::Open(outbox), Persist::Put(entry)) => {
                outbox.put(&entry);
                None
            }
            (Storage::Open(outbox), Persist::Remove(id)) => {
                outbox.remove(&id);
                None
            }
            (Storage::None, Persist::Put(entry)) => Some(entry.id),
        };
        if let Some(id) = unkept {
            self.input(Input::Saved { id, kept: false });
        }
    }

    /// Drops all that the user has in storage.
    fn forget(self: &Rc<Self>, storage: &mut Storage) {
        match storage {
            Storage::Open(outbox) => outbox.forget(),
            Storage::Unknown(waiting) => {
                waiting.clear();
                // Where no token says whose it is, nothing was ever kept.
                return self.with_token(|driver, _| {
                    let mut storage = driver.open_storage().unwrap_or(Storage::None);
                    driver.forget(&mut storage);
                });
            }
            Storage::None => {}
        }
        let cursor = self.user_id().and_then(|user| CursorStore::open(self.http.base(), &user));
        if let Some(cursor) = cursor {
            cursor.set(None);
        }
    }
}

fn entry_of(persist: &Persist) -> Option<&ClientId> {
    match persist {
        Persist::Put(entry) => Some(&entry.id),
        Persist::Remove(id) => Some(id),
        Persist::Positions(_) | Persist::Forget => None,
    }
}
