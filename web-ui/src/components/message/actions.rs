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
        <div class="td-actions" role="group" aria-label="Message actions">
            {move || reacting.get().then(|| view! { <span class="td-quick">{quick()}</span> })}
            <button class="td-action" aria-label="React" title="React" aria-expanded=move || reacting.get().to_string() on:click=move |_| reacting.update(|on| *on = !*on)>
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
