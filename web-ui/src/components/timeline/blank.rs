//! What stands where no messages are.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::components::room::use_open_room;

/// No page has come yet: bones after a moment, or what went wrong.
#[component]
pub(super) fn Waiting() -> impl IntoView {
    let room = use_open_room().room;
    move || {
        match room.error.get() {
        Some(error) => view! {
            <div class="td-empty">
                <span class="td-empty-mark"><Glyph icon=Icon::Alert size="large" /></span>
                <p class="td-empty-title">"The messages did not come"</p>
                <p role="alert">{format!("{}.", error.why)}</p>
                <button class="td-button" data-kind="primary" on:click=move |_| room.load_again()>"Retry"</button>
            </div>
        }
        .into_any(),
        None => view! { <ul class="td-late"><Bones /><Bones /></ul> }.into_any(),
    }
    }
}

/// Nothing was ever said here.
#[component]
pub(super) fn Beginning() -> impl IntoView {
    let open = use_open_room();
    view! {
        <div class="td-empty td-beginning">
            <span class="td-empty-mark"><Glyph icon=if open.direct { Icon::Message } else { Icon::Hash } size="large" /></span>
            <p class="td-empty-title">
                {move || if open.direct { format!("Say hello to {}", open.name.get()) } else { format!("This is the beginning of {}", open.name.get()) }}
            </p>
            <p>"Nobody has written here yet. Write the first message below."</p>
        </div>
    }
}

/// Three rows that stand for those on their way.
#[component]
pub(super) fn Bones() -> impl IntoView {
    view! {
        <li class="td-bones" aria-hidden="true">
            {["a", "b", "c"].map(|width| view! {
                <span class="td-bones-row">
                    <span class="td-bone td-bone-avatar"></span>
                    <span class="td-bone td-bone-bubble" data-width=width></span>
                </span>
            })}
        </li>
    }
}
