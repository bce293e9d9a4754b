//! The outbox in IndexedDB, by server and user. `outbox.js` beside this file does the work: it is all promises.

use alloc::vec::Vec;

use tidings_client_core::{Stored, json};
use tidings_protocol::ClientId;
use wasm_bindgen::prelude::*;

use super::owner;
use crate::host::{Callback, callback};

#[wasm_bindgen(module = "/src/storage/outbox.js")]
extern "C" {
    type OutboxStore;

    #[wasm_bindgen(constructor)]
    fn new(owner: &str, tell: &Callback) -> OutboxStore;
    #[wasm_bindgen(method)]
    fn put(this: &OutboxStore, id: &str, order: f64, frame: &str, failed: Option<&str>);
    #[wasm_bindgen(method)]
    fn remove(this: &OutboxStore, id: &str);
    #[wasm_bindgen(method)]
    fn forget(this: &OutboxStore);
    #[wasm_bindgen(method)]
    fn close(this: &OutboxStore);
}

/// What an outbox in storage says, always later than the call that caused it.
#[derive(Debug)]
pub(crate) enum OutboxEvent {
    /// What pages that are gone had left: the first word.
    Loaded(Vec<Stored>),
    /// What a page has left that is gone now.
    Adopted(Vec<Stored>),
    /// This one is kept, or could not be and is tried again.
    Saved { id: ClientId, kept: bool },
    /// Whether what is put here outlives the page.
    Kept(bool),
}

/// One page's part of a user's outbox. Dropping it gives it to other pages of the user.
pub(crate) struct Outbox {
    store: OutboxStore,
    _tell: Callback,
}

impl Outbox {
    /// Opens it; `None` where the user's name is none.
    pub(crate) fn open(server: &str, user: &str, tell: impl Fn(OutboxEvent) + 'static) -> Option<Self> {
        let owner = owner(server, user)?;
        let tell = callback(move |kind, _, text| {
            tell(match kind {
                0 => OutboxEvent::Loaded(rows(&text)),
                1 => OutboxEvent::Adopted(rows(&text)),
                4 | 5 => OutboxEvent::Kept(kind == 4),
                kind => match ClientId::new(text) {
                    Ok(id) => OutboxEvent::Saved { id, kept: kind == 2 },
                    Err(_) => return,
                },
            });
        });
        Some(Self { store: OutboxStore::new(&owner, &tell), _tell: tell })
    }

    /// Keeps an entry, in place of one with the same id.
    pub(crate) fn put(&self, entry: &Stored) {
        self.store.put(entry.id.as_str(), entry.order as f64, &entry.frame, entry.failed.as_deref());
    }

    /// Drops an entry.
    pub(crate) fn remove(&self, id: &ClientId) {
        self.store.remove(id.as_str());
    }

    /// Drops all that the user has.
    pub(crate) fn forget(&self) {
        self.store.forget();
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn rows(text: &str) -> Vec<Stored> {
    let mut rows = Vec::new();
    for row in &json::items(text).unwrap_or_default() {
        if let Some(row) = read(row) {
            rows.push(row);
        }
    }
    rows
}

/// A row is an array of its parts; what something else left there is no entry.
fn read(row: &str) -> Option<Stored> {
    let parts = json::items(row)?;
    let [id, order, frame, failed] = *parts else { return None };
    Some(Stored {
        id: ClientId::new(json::text(id)?).ok()?,
        order: json::number(order)?,
        frame: json::text(frame)?,
        failed: json::text(failed),
    })
}
