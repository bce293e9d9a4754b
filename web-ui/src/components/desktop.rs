//! Browser notifications: asked for only by a click, shown only while nobody looks.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{NotificationOptions, NotificationPermission};

use super::browser;
use super::ui::Ui;
use crate::realtime::{Notice, Place, Tidings, route_of, target_of};
use crate::state::markdown;
use crate::state::route::Route;

const KEY: &str = "tidings.desktop";

/// Whether browser notifications are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Desktop {
    /// The browser has none.
    Unsupported,
    /// The user may turn them on.
    Off,
    /// On.
    On,
    /// The browser has been told not to ask.
    Denied,
}

/// How they stand.
pub(super) fn state() -> Desktop {
    let supported = js_sys::Reflect::has(&window(), &"Notification".into()).unwrap_or(false);
    if !supported {
        return Desktop::Unsupported;
    }
    match web_sys::Notification::permission() {
        NotificationPermission::Denied => Desktop::Denied,
        NotificationPermission::Granted if browser::stored(KEY).as_deref() == Some("on") => Desktop::On,
        // The type is the browser's and may grow.
        NotificationPermission::Granted | NotificationPermission::Default | _ => Desktop::Off,
    }
}

/// Turns them on; to be called from a click.
pub(super) fn turn_on(done: impl Fn(Desktop) + 'static) {
    let Ok(asked) = web_sys::Notification::request_permission() else { return };
    spawn_local(async move {
        // The answer is in the permission itself.
        let _ = JsFuture::from(asked).await;
        if web_sys::Notification::permission() == NotificationPermission::Granted {
            browser::store(KEY, Some("on"));
        }
        done(state());
    });
}

/// Turns them off.
pub(super) fn turn_off() {
    browser::store(KEY, None);
}

/// Shows notifications and direct messages while the page is hidden.
pub(super) fn follow(tidings: Tidings, ui: Ui) {
    Effect::new(move |_| {
        if let Some(Notice::Notification(one)) = tidings.notice.get()
            && !ui.visible.get_untracked()
        {
            let target = target_of(&one.data).unwrap_or_default();
            show(ui, &one.title, &markdown::plain(&one.message), &one.id, target);
        }
    });
    Effect::new(move |_| {
        if let Some(incoming) = tidings.incoming.get()
            && let Place::Direct(_) = incoming.place
            && !ui.visible.get_untracked()
        {
            let target = route_of(&incoming.place);
            // One a conversation: a later one takes the place of the one before.
            show(ui, &incoming.sender, &markdown::plain(&incoming.content), &target.hash(), target.clone());
        }
    });
}

fn show(ui: Ui, title: &str, body: &str, tag: &str, target: Route) {
    if state() != Desktop::On {
        return;
    }
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    options.set_icon("/icon.svg");
    let Ok(shown) = web_sys::Notification::new_with_options(title, &options) else { return };
    let clicked = Closure::once_into_js(move || {
        let _ = window().focus();
        if target != Route::Home {
            ui.go(&target);
        }
    });
    shown.set_onclick(clicked.dyn_ref());
}
