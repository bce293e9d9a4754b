//! Short messages at the edge of the window.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use super::ui::use_ui;

/// The stack of toasts. The regions are there before anything is in them, so that a screen reader listens.
#[component]
pub(super) fn ToastStack() -> impl IntoView {
    let ui = use_ui();
    let list = move |error: bool| {
        move || {
            ui.toasts
                .with(|toasts| toasts.list().iter().filter(|t| t.error == error).cloned().collect::<Vec<_>>())
        }
    };
    let region = move |error: bool| {
        view! {
            <div class="td-toasts-region" role=if error { "alert" } else { "status" }>
                <For each=list(error) key=|toast| toast.id let:toast>
                    <div class="td-toast" data-error=toast.error.to_string()>
                        <span class="td-toast-mark"><Glyph icon=if toast.error { Icon::Alert } else { Icon::Bell } /></span>
                        <div class="td-toast-text">
                            <p class="td-toast-title">{toast.title}</p>
                            <p>{toast.text}</p>
                        </div>
                        <button
                            class="td-icon-button"
                            data-size="small"
                            aria-label="Dismiss"
                            on:click=move |_| ui.toasts.update(|toasts| toasts.dismiss(toast.id))
                        >
                            <Glyph icon=Icon::Close size="small" />
                        </button>
                    </div>
                </For>
            </div>
        }
    };
    view! { <div class="td-toasts">{region(false)}{region(true)}</div> }
}
