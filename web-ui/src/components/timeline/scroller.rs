//! Where the reader is in the list, and how that stays while the list changes.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::realtime::UseRoom;
use crate::state::follow::Follow;

/// Room that is left above what was jumped to, in CSS pixels.
const HEADROOM: f64 = 72.0;

/// Somewhere to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The newest message.
    End,
    /// The unread divider.
    Unread,
    /// A message, by its key.
    Message(Arc<str>),
}

/// What stays where it is while the list changes.
#[derive(Clone, Debug)]
enum Anchor {
    Go(Target),
    /// A row, by its key, and how far its lower edge is from the top of the view. The lower edge, since a row may lose
    /// its header to an older one of the same group.
    Row(String, f64),
}

/// What is left above and below the view, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) above: f64,
    pub(super) below: f64,
}

/// The list's scrolling.
#[derive(Clone, Copy)]
pub(super) struct Scroller {
    pub(super) outer: NodeRef<html::Div>,
    pub(super) inner: NodeRef<html::Div>,
    /// Whether the divider is above the view.
    pub(super) divider_above: RwSignal<bool>,
    /// Whether the divider has been in view.
    pub(super) divider_seen: RwSignal<bool>,
    follow: RwSignal<Follow>,
    room: UseRoom,
    placed: StoredValue<bool>,
    target: StoredValue<Option<Target>>,
    anchor: StoredValue<Option<Anchor>>,
}

impl Scroller {
    pub(super) fn new(follow: RwSignal<Follow>, room: UseRoom) -> Self {
        let scroller = Self {
            outer: NodeRef::new(),
            inner: NodeRef::new(),
            divider_above: RwSignal::new(false),
            divider_seen: RwSignal::new(false),
            follow,
            room,
            placed: StoredValue::new(false),
            target: StoredValue::new(None),
            anchor: StoredValue::new(None),
        };
        scroller.keep_end_when_sizes_change();
        scroller
    }

    /// Notes where the reader is; to be called right before the list changes.
    pub(super) fn before_change(&self, loaded: bool, unread: bool) {
        if !loaded {
            return;
        }
        let target = self.target.try_update_value(Option::take).flatten();
        let anchor = if let Some(target) = target {
            Some(Anchor::Go(target))
        } else if !self.placed.get_value() {
            self.placed.set_value(true);
            Some(Anchor::Go(if unread { Target::Unread } else { Target::End }))
        } else if self.follow.with_untracked(|follow| follow.near()) {
            Some(Anchor::Go(Target::End))
        } else {
            self.row_in_view()
        };
        let waits = self.anchor.with_value(Option::is_some);
        // Of several changes in one go, the first has seen the list as the reader does.
        if !waits || matches!(anchor, Some(Anchor::Go(_))) {
            self.anchor.set_value(anchor);
        }
        if !waits {
            let scroller = *self;
            queue_microtask(move || scroller.after_change());
        }
    }

    /// The next change of the list puts the view there.
    pub(super) fn await_target(&self, target: Target) {
        self.target.set_value(Some(target));
    }

    /// Puts the view there now.
    pub(super) fn show(&self, target: Target) {
        self.anchor.set_value(Some(Anchor::Go(target)));
        self.after_change();
    }

    /// Takes the position over into the state, and answers it.
    pub(super) fn measure(&self) -> Option<Position> {
        let outer = self.outer.try_get_untracked()??;
        let above = f64::from(outer.scroll_top());
        let below = f64::from(outer.scroll_height() - outer.client_height()) - above;
        let latest = self.room.timeline.try_with_untracked(|t| !t.has_newer())?;
        let mut follow = self.follow.try_get_untracked()?;
        follow.scrolled(below, latest);
        if self.follow.try_get_untracked() != Some(follow) {
            self.follow.set(follow);
        }
        self.measure_divider(&outer);
        Some(Position { above, below })
    }

    fn measure_divider(&self, outer: &web_sys::Element) {
        let Ok(Some(divider)) = outer.query_selector(".td-unread") else { return };
        let (view, line) = (outer.get_bounding_client_rect(), divider.get_bounding_client_rect());
        let above = line.bottom() <= view.top();
        if self.divider_above.get_untracked() != above {
            self.divider_above.set(above);
        }
        if !above && line.top() < view.bottom() && !self.divider_seen.get_untracked() {
            self.divider_seen.set(true);
        }
    }

    fn after_change(&self) {
        // The room may be gone by now.
        let Some(anchor) = self.anchor.try_update_value(Option::take).flatten() else { return };
        let Some(outer) = self.outer.try_get_untracked().flatten() else {
            let scroller = *self;
            request_animation_frame(move || {
                if scroller.outer.try_get_untracked().flatten().is_some() {
                    scroller.anchor.try_set_value(Some(anchor));
                    scroller.after_change();
                }
            });
            return;
        };
        let top = outer.get_bounding_client_rect().top();
        let find = |selector: &str| outer.query_selector(selector).ok().flatten();
        let scroll_by = |pixels: f64| {
            let options = web_sys::ScrollToOptions::new();
            options.set_top(pixels);
            outer.scroll_by_with_scroll_to_options(&options);
        };
        match anchor {
            Anchor::Go(Target::End) => scroll_by(f64::from(outer.scroll_height())),
            Anchor::Go(Target::Unread) => match find(".td-unread") {
                Some(divider) => scroll_by(divider.get_bounding_client_rect().top() - top - HEADROOM),
                None => scroll_by(f64::from(outer.scroll_height())),
            },
            Anchor::Go(Target::Message(key)) => {
                if let Some(row) = find(&selector(&key)) {
                    scroll_by(row.get_bounding_client_rect().top() - top - HEADROOM);
                }
            }
            Anchor::Row(key, bottom) => {
                if let Some(row) = find(&selector(&key)) {
                    scroll_by(row.get_bounding_client_rect().bottom() - top - bottom);
                }
            }
        }
        self.measure();
    }

    fn row_in_view(&self) -> Option<Anchor> {
        let outer = self.outer.try_get_untracked()??;
        let top = outer.get_bounding_client_rect().top();
        let rows = outer.query_selector_all("[data-key]").ok()?;
        (0..rows.length()).find_map(|at| {
            let row: web_sys::Element = rows.item(at)?.dyn_into().ok()?;
            let bottom = row.get_bounding_client_rect().bottom() - top;
            (bottom > 0.0).then(|| row.get_attribute("data-key").map(|key| Anchor::Row(key, bottom)))?
        })
    }

    /// The view may shrink (keyboard, a growing field) and rows may grow (a reaction): the end stays in view.
    fn keep_end_when_sizes_change(&self) {
        let scroller = *self;
        let changed = Closure::<dyn FnMut()>::new(move || {
            if scroller.follow.try_with_untracked(|follow| follow.at_end()).unwrap_or(false)
                && scroller.placed.try_get_value().unwrap_or(false)
            {
                scroller.show(Target::End);
            }
        });
        let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) else { return };
        let kept = StoredValue::new_local((observer, changed));
        Effect::new(move |_| {
            if let (Some(outer), Some(inner)) = (scroller.outer.get(), scroller.inner.get()) {
                kept.with_value(|(observer, _)| {
                    observer.observe(&outer);
                    observer.observe(&inner);
                });
            }
        });
        on_cleanup(move || {
            kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }
}

fn selector(key: &str) -> String {
    // A key is an id of either side; as a string of CSS it needs its quotes and backslashes escaped.
    let escaped = key.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\a ");
    format!("[data-key=\"{escaped}\"]")
}

fn queue_microtask(run: impl FnOnce() + 'static) {
    let promise = js_sys::Promise::resolve(&JsValue::UNDEFINED);
    wasm_bindgen_futures::spawn_local(async move {
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
        run();
    });
}
