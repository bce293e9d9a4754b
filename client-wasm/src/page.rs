//! What the page says about itself: network, visibility, return from the browser's page cache.

use alloc::string::String;

use wasm_bindgen::prelude::*;

use crate::host::{Callback, callback};

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    type PageEvents;

    #[wasm_bindgen(constructor)]
    fn new(tell: &Callback) -> PageEvents;
    #[wasm_bindgen(method)]
    fn leave(this: &PageEvents);

    /// Where the page came from; empty where there is no page.
    pub(crate) fn origin() -> String;
}

/// What happened to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageEvent {
    Online,
    Offline,
    Visible,
    Hidden,
}

/// Watches the page until it is dropped. Outside a page (a worker, Node) nothing is ever told.
pub(crate) struct Page {
    events: PageEvents,
    _tell: Callback,
}

impl Page {
    pub(crate) fn watch(tell: impl Fn(PageEvent) + 'static) -> Self {
        let tell = callback(move |what, _, _| {
            tell(match what {
                0 => PageEvent::Online,
                1 => PageEvent::Offline,
                2 => PageEvent::Visible,
                _ => PageEvent::Hidden,
            });
        });
        Self { events: PageEvents::new(&tell), _tell: tell }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.events.leave();
    }
}
