//! What the driver keeps beyond the page: the outbox, as soon as it is known whose it is.

use alloc::rc::Rc;
use alloc::vec::Vec;

use tidings_client_core::{self as session, Input, Persist, Stored};
use tidings_protocol::ClientId;
use wasm_bindgen_futures::spawn_local;

use super::Driver;
use crate::storage::Store;

/// Where the outbox is kept.
pub(super) enum Storage {
    /// Nobody knows yet whose it is; this waits until that is known.
    Unknown(Vec<Persist>),
    Open(Store),
    /// Memory only.
    None,
}

impl Driver {
    /// Opens the store where it is known whose it is, and hands the session what an earlier page load left there.
    ///
    /// Without a user at hand the session begins with an empty outbox, so that it can connect at all. What it wants kept
    /// then waits for the first token, and what is in the store waits for the next page load.
    pub(super) fn load_storage(self: &Rc<Self>) {
        let is_unknown = matches!(*self.storage.borrow(), Storage::Unknown(_));
        let user = self.config.user_id.clone().or_else(|| self.http.auth().user_id());
        if let Some(user) = user.filter(|_| is_unknown) {
            let store = Store::open(self.http.base(), &user);
            let outbox = store.as_ref().map(Store::outbox).unwrap_or_default();
            let next = store.map_or(Storage::None, Storage::Open);
            let waiting = self.storage.replace(next);
            if let Storage::Unknown(waiting) = waiting {
                waiting.into_iter().for_each(|persist| self.persist(persist));
            }
            self.begin_with(outbox);
        }
    }

    fn begin_with(self: &Rc<Self>, outbox: Vec<Stored>) {
        if !self.has_begun.replace(true) {
            self.input(Input::StorageLoaded(session::Storage { outbox, positions: None }));
        }
    }

    /// The token may say whose the store is.
    pub(super) fn ask_whose(self: &Rc<Self>) {
        let driver = Rc::clone(self);
        spawn_local(async move {
            // An error is met again by the attempt to connect, which deals with it.
            let _ = driver.http.auth().token(false).await;
            driver.load_storage();
            driver.begin_with(Vec::new());
        });
    }

    pub(super) fn persist(&self, persist: Persist) {
        match (&mut *self.storage.borrow_mut(), persist) {
            // Positions are not kept: a page that is loaded anew reads its history anew.
            (Storage::None, _) | (_, Persist::Positions(_)) => {}
            (Storage::Unknown(waiting), persist) => {
                // The newest word on an entry is the one that counts: what waits is bounded as the outbox is.
                waiting.retain(|earlier| entry_of(earlier) != entry_of(&persist));
                waiting.push(persist);
            }
            (Storage::Open(store), Persist::Put(entry)) => {
                store.put(&entry);
            }
            (Storage::Open(store), Persist::Remove(id)) => store.remove(&id),
            (Storage::Open(store), Persist::Forget) => store.forget(),
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
