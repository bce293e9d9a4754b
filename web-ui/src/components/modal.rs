//! A dialog over everything else. The browser's own `dialog` keeps the focus inside and closes on Escape.

use leptos::html;
use leptos::prelude::*;

use super::browser;
use super::icon::{Glyph, Icon};

/// A dialog that is open as long as it is there.
#[component]
pub(super) fn Modal(
    #[prop(into)] title: String,
    on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let before = StoredValue::new_local(browser::focused());
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            // It can only fail for a dialog that is open or not in the page.
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        if let Some(before) = before.try_with_value(Clone::clone).flatten() {
            let _ = before.focus();
        }
    });
    let beside = move |event: web_sys::MouseEvent| {
        let on_itself = dialog.get_untracked().is_some_and(|dialog| {
            event.target().is_some_and(|target| AsRef::<web_sys::EventTarget>::as_ref(&dialog) == &target)
        });
        if on_itself {
            on_close.run(());
        }
    };
    // Escape closes at once, and this comes after: another dialog may stand in its place by then.
    let closed = move |_| {
        let is_gone = before.try_with_value(|_| ()).is_none();
        let is_open = dialog.try_get_untracked().flatten().is_some_and(|dialog| dialog.open());
        if !is_gone && !is_open {
            on_close.run(());
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="td-dialog"
            aria-labelledby="td-dialog-title"
            on:close=closed
            on:mousedown=beside
        >
            <div class="td-dialog-card">
                <header class="td-dialog-header">
                    <h2 id="td-dialog-title" class="td-dialog-title">{title}</h2>
                    <button class="td-icon-button" aria-label="Close" on:click=move |_| on_close.run(())>
                        <Glyph icon=Icon::Close />
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
    }
}
