//! What the keyboard can do.

use leptos::prelude::*;

const KEYS: [(&str, &str); 9] = [
    ("Enter", "Send"),
    ("Shift + Enter", "New line"),
    ("↑", "In an empty field: edit your last message"),
    ("Esc", "Cancel an edit or a reply; from a message back to the field"),
    ("Tab, then ↑ ↓", "From message to message"),
    ("Enter on a message", "To its actions"),
    ("Home, End", "First and last loaded message"),
    ("Alt + ↑ ↓", "Previous and next conversation"),
    ("Ctrl + /", "This list"),
];

#[component]
pub(super) fn Shortcuts() -> impl IntoView {
    view! {
        <div class="td-dialog-body">
            <dl class="td-keys">
                {KEYS.map(|(keys, what)| view! { <dt>{keys}</dt><dd>{what}</dd> })}
            </dl>
        </div>
    }
}
