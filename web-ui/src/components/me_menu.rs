//! The user's own face and what hangs on it: the look, the shortcuts, the way out.

use leptos::html;
use leptos::prelude::*;

use super::avatar::Avatar;
use super::browser;
use super::icon::{Glyph, Icon};
use super::popover::Popover;
use super::ui::{Confirm, Dialog, use_ui};
use crate::realtime::{name_of, use_connection};
use crate::state::theme::{self, Theme};

const DENSITY_KEY: &str = "tidings.density";

/// The button and its menu.
#[component]
pub(super) fn MeMenu(sign_out: Callback<()>) -> impl IntoView {
    let ui = use_ui();
    let open = RwSignal::new(false);
    let trigger = NodeRef::<html::Button>::new();
    let name = name_of(ui.me());
    let link = use_connection().link;
    let word = move || if link.get().next_retry_at.is_some() { "reconnecting" } else { "" };
    // The dialog gives the focus back to where it was, so that has to be something that stays.
    let close = move || {
        open.set(false);
        if let Some(trigger) = trigger.get_untracked() {
            let _ = trigger.focus();
        }
    };
    let ask = move |_| {
        close();
        ui.dialog.set(Some(Dialog::Confirm(Confirm {
            title: "Sign out?".to_owned(),
            text: "Messages that are still waiting to be sent are dropped, and drafts too.".to_owned(),
            action: "Sign out",
            run: sign_out,
        })));
    };
    let shortcuts = move |_| {
        close();
        ui.dialog.set(Some(Dialog::Shortcuts));
    };
    view! {
        <button
            node_ref=trigger
            class="td-me"
            aria-haspopup="dialog"
            aria-expanded=move || open.get().to_string()
            on:click=move |_| open.update(|open| *open = !*open)
        >
            <Avatar user=ui.me() name=name size="32" />
            <span class="td-me-name td-ellipsis">{name}</span>
            <span class="td-hidden">{move || format!(" {}, your menu", word())}</span>
            <Glyph icon=Icon::Chevron size="small" />
        </button>
        <Popover open=open trigger=trigger label="Your menu" class="td-me-menu">
            <ThemeChoice />
            <DensityChoice />
            <div class="td-me-actions">
                <button class="td-menu-item" on:click=shortcuts><Glyph icon=Icon::Keyboard />"Keyboard shortcuts"</button>
                <button class="td-menu-item" on:click=ask><Glyph icon=Icon::Leave />"Sign out"</button>
            </div>
        </Popover>
    }
}

#[component]
fn ThemeChoice() -> impl IntoView {
    let theme = RwSignal::new(Theme::parse(&browser::stored(theme::KEY).unwrap_or_default()));
    let choose = move |chosen: Theme| {
        theme.set(chosen);
        browser::store(theme::KEY, (chosen != Theme::System).then(|| chosen.name()));
        mark_root("data-theme", (chosen != Theme::System).then(|| chosen.name()));
    };
    view! {
        <fieldset class="td-field">
            <legend class="td-label td-legend">"Theme"</legend>
            <div class="td-segments">
                {Theme::ALL.map(|one| view! {
                    <label class="td-segment">
                        <input type="radio" name="td-theme" prop:checked=move || theme.get() == one on:change=move |_| choose(one) />
                        {one.label()}
                    </label>
                })}
            </div>
        </fieldset>
    }
}

#[component]
fn DensityChoice() -> impl IntoView {
    let compact = RwSignal::new(browser::stored(DENSITY_KEY).as_deref() == Some("compact"));
    let choose = move |chosen: bool| {
        compact.set(chosen);
        browser::store(DENSITY_KEY, chosen.then_some("compact"));
        mark_root("data-density", chosen.then_some("compact"));
    };
    view! {
        <fieldset class="td-field">
            <legend class="td-label td-legend">"Messages"</legend>
            <div class="td-segments">
                {[(false, "Bubbles"), (true, "Compact")].map(|(value, label)| view! {
                    <label class="td-segment">
                        <input type="radio" name="td-density" prop:checked=move || compact.get() == value on:change=move |_| choose(value) />
                        {label}
                    </label>
                })}
            </div>
        </fieldset>
    }
}

fn mark_root(name: &str, value: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    let _ = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}
