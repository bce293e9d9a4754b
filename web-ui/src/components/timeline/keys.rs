//! The keyboard's way through the list: one stop for Tab, arrows from message to message.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::components::browser;
use crate::components::room::OpenRoom;
use crate::state::group::{Layout, Row};

/// A key was pressed somewhere in the list.
pub(super) fn pressed(event: &web_sys::KeyboardEvent, open: OpenRoom, layout: Memo<Layout>) {
    let on_row = browser::focused().is_some_and(|element| element.has_attribute("data-key"));
    let keys: Vec<Arc<str>> = layout.with_untracked(|layout| {
        let key = |row: &Row| if let Row::Message(key) = row { Some(key.clone()) } else { None };
        layout.rows.iter().filter_map(key).collect()
    });
    let at = open.active.get_untracked().and_then(|active| keys.iter().position(|key| *key == active));
    let at = at.unwrap_or(keys.len().saturating_sub(1));
    let to = match event.key().as_str() {
        "ArrowUp" if !event.alt_key() => at.checked_sub(1),
        "ArrowDown" if !event.alt_key() => Some(at + 1),
        "Home" => Some(0),
        "End" => keys.len().checked_sub(1),
        "Enter" if on_row => {
            if let Some(action) =
                browser::focused().and_then(|row| row.query_selector(".td-actions button").ok().flatten())
                && let Ok(action) = action.dyn_into::<web_sys::HtmlElement>()
            {
                event.prevent_default();
                let _ = action.focus();
            }
            return;
        }
        "Escape" => {
            event.prevent_default();
            if let (false, Some(active)) = (on_row, open.active.get_untracked()) {
                focus_message(open, &active);
            } else if let Some(field) = open.composer.get_untracked() {
                let _ = field.focus();
            }
            return;
        }
        _ => return,
    };
    if let Some(key) = to.and_then(|to| keys.get(to)).filter(|_| on_row) {
        event.prevent_default();
        focus_message(open, key);
    }
}

/// Puts the cursor on a message.
pub(super) fn focus_message(open: OpenRoom, key: &Arc<str>) {
    open.active.set(Some(key.clone()));
    let rows = document().query_selector_all(".td-message").ok();
    let Some(rows) = rows else { return };
    for at in 0..rows.length() {
        let row = rows.item(at).and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok());
        if let Some(row) = row.filter(|row| row.get_attribute("data-key").as_deref() == Some(key)) {
            let _ = row.focus();
            return;
        }
    }
}
