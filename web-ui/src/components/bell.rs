//! The notification centre: bell, badge and list.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use tidings_protocol::entity::Notification;

use super::browser;
use super::desktop::{self, Desktop};
use super::icon::{Glyph, Icon};
use super::popover::Popover;
use super::retry_bar::RetryBar;
use super::ui::use_ui;
use crate::realtime::{Page, PageError, target_of, use_notifications};
use crate::state::badge;
use crate::state::markdown;

const FILTER_KEY: &str = "tidings.notifications.filter";

/// The bell with its badge, and the list that hangs on it.
#[component]
pub(super) fn Bell() -> impl IntoView {
    let notifications = use_notifications();
    let open = RwSignal::new(false);
    let trigger = NodeRef::<html::Button>::new();
    let unread = Memo::new(move |_| notifications.inbox.with(|inbox| inbox.unread()));
    view! {
        <button
            node_ref=trigger
            class="td-icon-button td-bell"
            aria-label=move || badge::bell(unread.get())
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|open| *open = !*open)
        >
            <Glyph icon=Icon::Bell />
            {move || (unread.get() > 0).then(|| view! {
                <span class="td-badge td-bell-badge" aria-hidden="true">{badge::count(unread.get())}</span>
            })}
        </button>
        <Popover open=open trigger=trigger label="Notifications" class="td-notes">
            <Centre open=open />
        </Popover>
    }
}

#[component]
fn Centre(open: RwSignal<bool>) -> impl IntoView {
    let notifications = use_notifications();
    let inbox = notifications.inbox;
    let only_unread = RwSignal::new(browser::stored(FILTER_KEY).as_deref() == Some("unread"));
    // What arrives while the list is open waits behind a button, so that nothing moves under the pointer.
    let newest = move || inbox.with(|inbox| inbox.list().first().map(|one| (one.created_at, one.id.clone())));
    let shown_up_to = RwSignal::new(untrack(newest));
    let later = move |one: &Notification| {
        shown_up_to
            .with(|up_to| up_to.as_ref().is_some_and(|up_to| (one.created_at, &one.id) > (up_to.0, &up_to.1)))
    };
    let waiting =
        Memo::new(move |_| inbox.with(|inbox| inbox.list().iter().filter(|one| later(one)).count()));
    // Under "Unread", what was read here stays until the list is closed: a row that vanishes at a click is lost.
    let kept = RwSignal::new(std::collections::HashSet::<String>::new());
    let list = Memo::new(move |_| {
        let wanted = |one: &&Arc<Notification>| {
            !later(one) && (!only_unread.get() || !one.read || kept.with(|kept| kept.contains(&one.id)))
        };
        inbox.with(|inbox| inbox.list().iter().filter(wanted).cloned().collect::<Vec<_>>())
    });
    let choose = move |unread: bool| {
        only_unread.set(unread);
        kept.update(std::collections::HashSet::clear);
        browser::store(FILTER_KEY, unread.then_some("unread"));
    };
    let has_unread = Memo::new(move |_| inbox.with(|inbox| inbox.unread() > 0));
    let is_empty = Memo::new(move |_| inbox.with(|inbox| inbox.list().is_empty()));
    let loaded = Memo::new(move |_| inbox.with(|inbox| inbox.loaded()));
    let has_more = Memo::new(move |_| inbox.with(|inbox| inbox.has_more()));
    let failed = move |of: fn(Page) -> bool| {
        let is_of = |error: &PageError| of(error.page).then(|| error.why.clone());
        notifications.error.with(|error| error.as_ref().and_then(is_of))
    };
    let failed_at_first = Memo::new(move |_| !loaded.get() && notifications.error.with(Option::is_some));
    let again = Callback::new(move |()| notifications.load_again());
    view! {
        <header class="td-notes-header">
            <h2 class="td-notes-title">"Notifications"</h2>
            <button class="td-button" data-kind="quiet" data-size="small" disabled=move || !has_unread.get() on:click=move |_| notifications.mark_all_read()>
                "Mark all read"
            </button>
        </header>
        <fieldset class="td-notes-filter">
            <legend class="td-hidden">"Show"</legend>
            <div class="td-segments">
                {[(false, "All"), (true, "Unread")].map(|(value, label)| view! {
                    <label class="td-segment">
                        <input type="radio" name="td-filter" prop:checked=move || only_unread.get() == value on:change=move |_| choose(value) />
                        {label}
                    </label>
                })}
            </div>
        </fieldset>
        {move || (waiting.get() > 0).then(|| view! {
            <button class="td-pill td-notes-pill" on:click=move |_| shown_up_to.set(newest())>{format!("{} new", waiting.get())}</button>
        })}
        <div class="td-notes-scroll">
            {move || failed(|page| page != Page::Older).map(|why| view! {
                <RetryBar what="Notifications did not come" why=why again=again />
            })}
            {move || match (loaded.get(), list.with(Vec::is_empty)) {
                (false, _) => (!failed_at_first.get()).then(|| view! { <Bones /> }).into_any(),
                (true, true) => view! { <Nothing only_unread=only_unread.get() /> }.into_any(),
                (true, false) => view! {
                    <ul class="td-notes-list">
                        <For each=move || list.get() key=|one| (one.id.clone(), one.read) let:one>
                            <Note one=one open=open kept=kept />
                        </For>
                    </ul>
                }.into_any(),
            }}
            {move || notifications.loading_older.get().then(|| view! { <Bones /> })}
            {move || match (failed(|page| page == Page::Older), has_more.get()) {
                (Some(why), _) => view! { <RetryBar what="Older ones did not come" why=why again=again /> }.into_any(),
                (None, true) => view! {
                    <button class="td-button td-notes-more" data-kind="quiet" on:click=move |_| notifications.load_more()>"Show older"</button>
                }.into_any(),
                (None, false) => ().into_any(),
            }}
        </div>
        <footer class="td-notes-footer">
            <DesktopChoice />
            <button class="td-button" data-kind="quiet" data-size="small" disabled=move || is_empty.get() on:click=move |_| notifications.clear()>
                "Clear all"
            </button>
        </footer>
    }
}

#[component]
fn Note(
    one: Arc<Notification>,
    open: RwSignal<bool>,
    kept: RwSignal<std::collections::HashSet<String>>,
) -> impl IntoView {
    let ui = use_ui();
    let notifications = use_notifications();
    let target = target_of(&one.data);
    let read = one.read;
    let at = one.created_at.as_millis();
    let mark = if one.kind.contains("message") || one.kind.contains("mention") {
        Icon::Message
    } else {
        Icon::Megaphone
    };
    let read_it = {
        let id = one.id.clone();
        move || {
            kept.update(|kept| {
                kept.insert(id.clone());
            });
            notifications.mark_read(&id);
        }
    };
    let activate = {
        let read_it = read_it.clone();
        move |_| {
            read_it();
            if let Some(target) = &target {
                open.set(false);
                ui.go(target);
            }
        }
    };
    let id = one.id.clone();
    let text = markdown::plain(&one.message);
    view! {
        <li class="td-note" data-read=read.to_string()>
            <button class="td-note-main" on:click=activate>
                <span class="td-note-mark"><Glyph icon=mark /></span>
                <span class="td-note-text">
                    <span class="td-note-title">{one.title.clone()}{(!read).then(|| view! { <span class="td-hidden">" (unread)"</span> })}</span>
                    {(!text.is_empty()).then(|| view! { <span class="td-note-body">{text}</span> })}
                    <time class="td-note-time" title=browser::full(at)>{move || browser::ago(at, ui.minute.get())}</time>
                </span>
            </button>
            <span class="td-note-actions">
                {(!read).then(|| view! {
                    <button class="td-icon-button" data-size="small" aria-label="Mark as read" title="Mark as read" on:click=move |_| read_it()>
                        <Glyph icon=Icon::Check size="small" />
                    </button>
                })}
                <button class="td-icon-button" data-size="small" aria-label="Delete" title="Delete" on:click=move |_| notifications.delete(&id)>
                    <Glyph icon=Icon::Trash size="small" />
                </button>
            </span>
        </li>
    }
}

#[component]
fn Nothing(only_unread: bool) -> impl IntoView {
    let (title, text) = if only_unread {
        ("All read", "New notifications will stand here.")
    } else {
        ("Nothing yet", "When something wants your attention, it will stand here for seven days.")
    };
    view! {
        <div class="td-empty">
            <span class="td-empty-mark"><Glyph icon=if only_unread { Icon::Check } else { Icon::Bell } size="large" /></span>
            <p class="td-empty-title">{title}</p>
            <p>{text}</p>
        </div>
    }
}

#[component]
fn DesktopChoice() -> impl IntoView {
    let state = RwSignal::new(desktop::state());
    move || {
        match state.get() {
        Desktop::Unsupported => ().into_any(),
        Desktop::Denied => view! { <p class="td-hint">"The browser blocks notifications of this page."</p> }.into_any(),
        Desktop::Off => view! {
            <button class="td-button" data-kind="quiet" data-size="small" on:click=move |_| desktop::turn_on(move |now| state.set(now))>
                "Notify me on this device"
            </button>
        }
        .into_any(),
        Desktop::On => view! {
            <button
                class="td-button"
                data-kind="quiet"
                data-size="small"
                on:click=move |_| {
                    desktop::turn_off();
                    state.set(desktop::state());
                }
            >
                "Stop notifying this device"
            </button>
        }
        .into_any(),
    }
    }
}

#[component]
fn Bones() -> impl IntoView {
    view! {
        <ul class="td-late" aria-hidden="true">
            {(0..3).map(|_| view! {
                <li class="td-row-bones">
                    <span class="td-bone td-bone-face"></span>
                    <span class="td-bone td-bone-line"></span>
                    <span class="td-bone td-bone-line"></span>
                </li>
            }).collect_view()}
        </ul>
    }
}
