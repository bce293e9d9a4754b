//! The three panes, and what follows the browser: address, visibility, activity, the tab's title.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use tidings_protocol::command::OnlineStatus;

use super::announcer::Announcements;
use super::banner::ConnectionBanner;
use super::browser;
use super::desktop;
use super::details::Details;
use super::dialogs::Dialogs;
use super::icon::{Glyph, Icon};
use super::room::Room;
use super::sidebar::Sidebar;
use super::toasts::ToastStack;
use super::ui::{Dialog, Ui, current_route};
use crate::realtime::{
    Notice, Place, Session, Tidings, connect, is_connected, place_of, use_connection, use_notifications,
    use_rooms,
};
use crate::state::badge;
use crate::state::route::Route;

/// Without a key or a pointer for so long, the user is away, in milliseconds.
const AWAY_MS: i64 = 5 * 60_000;

/// The app of a user who is signed in.
#[component]
pub(super) fn Shell(session: Session, sign_out: Callback<()>) -> impl IntoView {
    let tidings = connect(&session);
    let ui = Ui::provide(session.me.clone());
    follow_browser(ui);
    follow_activity(tidings);
    tell_notices(tidings, ui);
    set_title(ui);
    desktop::follow(tidings, ui);

    let pane = move || if ui.route.get() == Route::Home { "list" } else { "room" };
    // Nobody has a conversation with themselves: the server takes no message for it.
    let place =
        Memo::new(move |_| place_of(&ui.route.get()).filter(|place| *place != Place::Direct(ui.me())));
    let leave = Callback::new(move |()| {
        tidings.close(true);
        ui.forget_drafts();
        sign_out.run(());
    });
    view! {
        <main class="td-app" data-pane=pane data-details=move || ui.details.get().to_string()>
            <Sidebar sign_out=leave />
            <section class="td-main" aria-label="Conversation">
                <ConnectionBanner />
                {move || match place.get() {
                    Some(place) => view! { <Room place=place /> }.into_any(),
                    None => view! { <NoRoom /> }.into_any(),
                }}
            </section>
            {move || {
                let shown = ui.details.get().then(|| place.get()).flatten();
                shown.map(|place| view! { <Details place=place /> })
            }}
        </main>
        <Dialogs />
        <ToastStack />
        <Announcements />
    }
}

#[component]
fn NoRoom() -> impl IntoView {
    let ui = super::ui::use_ui();
    let rooms = use_rooms().rooms;
    let none = Memo::new(move |_| rooms.with(|rooms| rooms.loaded() && rooms.sorted().is_empty()));
    view! {
        <div class="td-empty td-main-empty">
            <span class="td-empty-mark"><Glyph icon=Icon::Message size="large" /></span>
            <h1 class="td-empty-title">
                {move || if none.get() { "Start a conversation" } else { "Choose a conversation" }}
            </h1>
            <p>
                {move || if none.get() {
                    "You are in no room yet. Make one, look at the public ones, or write to somebody."
                } else {
                    "Pick a room or a person from the list, or begin something new."
                }}
            </p>
            <div class="td-empty-actions">
                <button class="td-button" data-kind="primary" on:click=move |_| ui.dialog.set(Some(Dialog::CreateRoom))>
                    <Glyph icon=Icon::Plus />"New room"
                </button>
                <button class="td-button" on:click=move |_| ui.dialog.set(Some(Dialog::BrowseRooms))>
                    <Glyph icon=Icon::Compass />"Browse rooms"
                </button>
            </div>
        </div>
    }
}

fn follow_browser(ui: Ui) {
    let address = window_event_listener(ev::hashchange, move |_| ui.route.set(current_route()));
    let steps = window_event_listener(ev::popstate, move |_| {
        let open = browser::is_on_step();
        // Beside the room they stay from room to room.
        if open || browser::one_pane() {
            ui.details.set(open);
        }
    });
    let visibility = document_visibility(ui);
    let clock = set_interval_with_handle(move || ui.minute.set(browser::now()), Duration::from_secs(30));
    let shortcuts = window_event_listener(ev::keydown, move |event| {
        if (event.ctrl_key() || event.meta_key()) && event.key() == "/" {
            event.prevent_default();
            ui.dialog.set(Some(Dialog::Shortcuts));
        }
    });
    on_cleanup(move || {
        address.remove();
        steps.remove();
        visibility.remove();
        shortcuts.remove();
        if let Ok(clock) = clock {
            clock.clear();
        }
    });
}

/// The event is the document's, and bubbles to the window.
fn document_visibility(ui: Ui) -> WindowListenerHandle {
    let (rooms, link) = (use_rooms(), use_connection().link);
    window_event_listener(ev::Custom::<web_sys::Event>::new("visibilitychange"), move |_| {
        ui.visible.set(browser::is_visible());
        // Rooms may have been entered and left on another device. Without a connection, the next one asks.
        if browser::is_visible() && is_connected(&link.get_untracked()) {
            rooms.refresh();
        }
        ui.minute.set(browser::now());
    })
}

/// Online while there is activity, away after a while without.
fn follow_activity(tidings: Tidings) {
    let active_at = StoredValue::new(browser::now());
    let away = RwSignal::new(false);
    let act = move || {
        active_at.set_value(browser::now());
        if away.get_untracked() {
            away.set(false);
        }
    };
    let pointer = window_event_listener(ev::pointermove, move |_| act());
    let key = window_event_listener(ev::keydown, move |_| act());
    let check = set_interval_with_handle(
        move || {
            if browser::now() - active_at.get_value() > AWAY_MS && !away.get_untracked() {
                away.set(true);
            }
        },
        Duration::from_secs(15),
    );
    Effect::watch(
        move || away.get(),
        move |away, _, _| tidings.presence(if *away { OnlineStatus::Away } else { OnlineStatus::Online }),
        false,
    );
    on_cleanup(move || {
        pointer.remove();
        key.remove();
        if let Ok(check) = check {
            check.clear();
        }
    });
}

fn tell_notices(tidings: Tidings, ui: Ui) {
    Effect::new(move |_| match tidings.notice.get() {
        Some(Notice::Error(text)) => ui.toast("That did not work", text, true),
        Some(Notice::Broadcast(broadcast)) => ui.toast(broadcast.title, broadcast.message, false),
        Some(Notice::Notification(one)) => ui.toast(one.title, one.message, false),
        None => {}
    });
}

/// The count goes into the title while nobody looks.
fn set_title(ui: Ui) {
    let rooms = use_rooms().rooms;
    let inbox = use_notifications().inbox;
    Effect::new(move |_| {
        let unread =
            if ui.visible.get() { 0 } else { rooms.with(|r| r.unread()) + inbox.with(|i| i.unread()) };
        let name = place_of(&ui.route.get()).and_then(|place| rooms.with(|rooms| rooms.get(&place)));
        document().set_title(&badge::title(name.map(|row| row.name.clone()).as_deref(), unread));
    });
}
