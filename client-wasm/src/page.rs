//! What the page says about itself: network, visibility, return from the browser's page cache.

use alloc::rc::Rc;
use alloc::vec::Vec;

use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget, VisibilityState, Window};

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
    listening: Vec<(EventTarget, &'static str, Handler)>,
}

type Handler = Rc<Closure<dyn FnMut(Event)>>;

impl Page {
    pub(crate) fn watch(tell: impl Fn(PageEvent) + 'static) -> Self {
        let mut page = Self { listening: Vec::new() };
        let Some(window) = window() else { return page };
        let document = window.document();
        if !window.navigator().on_line() {
            tell(PageEvent::Offline);
        }
        let handler: Handler = Rc::new(Closure::new(move |event: Event| {
            if let Some(what) = read(&event) {
                tell(what);
            }
        }));
        for name in ["online", "offline", "pageshow"] {
            page.listen(window.as_ref(), name, &handler);
        }
        if let Some(document) = document {
            page.listen(document.as_ref(), "visibilitychange", &handler);
        }
        page
    }

    fn listen(&mut self, target: &EventTarget, name: &'static str, handler: &Handler) {
        let callback = (**handler).as_ref().unchecked_ref();
        if target.add_event_listener_with_callback(name, callback).is_ok() {
            self.listening.push((target.clone(), name, Rc::clone(handler)));
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for (target, name, handler) in &self.listening {
            let callback = (**handler).as_ref().unchecked_ref();
            // It fails for a listener that is not there, and that is what is wanted.
            let _ = target.remove_event_listener_with_callback(name, callback);
        }
    }
}

fn read(event: &Event) -> Option<PageEvent> {
    match event.type_().as_str() {
        "online" => Some(PageEvent::Online),
        "offline" => Some(PageEvent::Offline),
        "pageshow" => Some(PageEvent::Visible),
        "visibilitychange" => {
            let state = window()?.document()?.visibility_state();
            Some(if state == VisibilityState::Hidden { PageEvent::Hidden } else { PageEvent::Visible })
        }
        _ => None,
    }
}

pub(crate) fn window() -> Option<Window> {
    js_sys::global().dyn_into().ok()
}
