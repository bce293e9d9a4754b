//! What can be done with a message: a bar on the active one, for pointer, keyboard and touch alike.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::components::room::use_open_room;
use crate::components::ui::{Confirm, Dialog, use_ui};
use crate::realtime::{ChatItem, Delivery};

/// The reactions at hand.
const QUICK: [(&str, &str); 5] =
    [("👍", "Thumbs up"), ("❤️", "Heart"), ("😂", "Laugh"), ("🎉", "Party"), ("👀", "Eyes")];

#[component]
pub(super) fn Actions(item: Arc<ChatItem>, mine: bool) -> impl IntoView {
    let ui = use_ui();
    let open = use_open_room();
    let Some(id) = item.message_id.clone().filter(|_| item.delivery == Delivery::Sent && !item.deleted)
    else {
        return ().into_any();
    };
    let reacting = RwSignal::new(false);
    let bar = NodeRef::<leptos::html::Div>::new();
    // Near the upper edge of the list there is no room above the bubble, or above the bar.
    let (bar_below, quick_below) = (RwSignal::new(false), RwSignal::new(false));
    Effect::new(move |_| {
        if let Some(bar) = bar.get() {
            bar_below.set(room_above(&bar) < 0.0);
        }
    });
    let toggle = move |_| {
        if let Some(bar) = bar.get_untracked() {
            quick_below.set(room_above(&bar) < bar.get_bounding_client_rect().height() + 8.0);
        }
        reacting.update(|on| *on = !*on);
    };
    let focus_field = move || {
        if let Some(field) = open.composer.get_untracked() {
            let _ = field.focus();
        }
    };
    let reply = {
        let id = id.clone();
        move |_| {
            open.reply.set(Some(id.clone()));
            focus_field();
        }
    };
    let copy = {
        let text = item.content.clone();
        move |_| {
            // Where the page may not write to the clipboard nothing can be done about it.
            drop(window().navigator().clipboard().write_text(&text));
            ui.toast("Copied", "", false);
        }
    };
    let edit = {
        let item = item.clone();
        move |_| open.editing.set(Some(item.clone()))
    };
    let delete = {
        let id = id.clone();
        move |_| {
            let id = id.clone();
            ui.dialog.set(Some(Dialog::Confirm(Confirm {
                title: "Delete this message?".to_owned(),
                text: "It goes for everybody, and can't be brought back.".to_owned(),
                action: "Delete",
                run: Callback::new(move |()| open.room.delete(&id)),
            })));
        }
    };
    let quick = {
        let (id, item) = (id.clone(), item.clone());
        move || {
            let (id, item) = (id.clone(), item.clone());
            QUICK.map(move |(emoji, name)| {
                let (id, item) = (id.clone(), item.clone());
                let react = move |_| {
                    let mine = item.reactions.iter().any(|tally| tally.emoji == emoji && tally.mine);
                    open.room.react(&id, emoji, mine);
                    reacting.set(false);
                };
                view! { <button class="td-action td-action-emoji" aria-label=name title=name on:click=react>{emoji}</button> }
            })
        }
    };
    view! {
        <div class="td-actions" data-below=move || bar_below.get().to_string() role="group" aria-label="Message actions" node_ref=bar>
            {move || reacting.get().then(|| view! { <span class="td-quick" data-below=quick_below.get().to_string()>{quick()}</span> })}
            <button class="td-action" aria-label="React" title="React" aria-expanded=move || reacting.get().to_string() on:click=toggle>
                <Glyph icon=Icon::Smile />
            </button>
            <button class="td-action" aria-label="Reply" title="Reply" on:click=reply><Glyph icon=Icon::Reply /></button>
            <button class="td-action" aria-label="Copy text" title="Copy text" on:click=copy><Glyph icon=Icon::Copy /></button>
            {mine.then(|| view! {
                <button class="td-action" aria-label="Edit" title="Edit" on:click=edit><Glyph icon=Icon::Edit /></button>
                <button class="td-action" aria-label="Delete" title="Delete" on:click=delete><Glyph icon=Icon::Trash /></button>
            })}
        </div>
    }
    .into_any()
}

/// How far an element is from the upper edge of the list, in CSS pixels.
fn room_above(element: &web_sys::Element) -> f64 {
    let top = |element: &web_sys::Element| element.get_bounding_client_rect().top();
    let list = element.closest(".td-scroll").ok().flatten();
    top(element) - list.map_or(0.0, |list| top(&list))
}
