//! Asking again by itself, each thing by its own clock.

use std::cell::Cell;
use std::rc::Rc;

use ::leptos::prelude::*;

use crate::http::HttpError;
use crate::leptos::hub::Hub;
use crate::leptos::paging::retry_in;

/// What is known of one thing that is asked for.
#[derive(Debug, Default)]
pub(in crate::leptos) struct Retry {
    /// Failures in a row.
    tries: Cell<u32>,
    /// Whether a clock runs.
    runs: Cell<bool>,
}

impl Retry {
    /// It came.
    pub(super) fn came(&self) {
        self.tries.set(0);
    }
}

/// Asks once more. Boxed: the clock is the same code for all that is asked for.
type Ask = Box<dyn FnOnce(&Rc<Hub>)>;

impl Hub {
    /// Asks again by itself, where that may help. Whether it does.
    pub(super) fn ask_later(self: &Rc<Self>, retry: &Rc<Retry>, error: &HttpError, ask: Ask) -> bool {
        let Some(wait) = retry_in(error, retry.tries.get()) else { return false };
        if retry.runs.replace(true) {
            return true;
        }
        retry.tries.set(retry.tries.get() + 1);
        let (hub, retry) = (Rc::downgrade(self), Rc::clone(retry));
        set_timeout(
            move || {
                retry.runs.set(false);
                if let Some(hub) = hub.upgrade() {
                    ask(&hub);
                }
            },
            wait,
        );
        true
    }
}
