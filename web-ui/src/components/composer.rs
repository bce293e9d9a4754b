//! Where messages are written.

use std::time::Duration;

use leptos::prelude::*;
use tidings_protocol::limits::MAX_CONTENT_BYTES;

use super::browser;
use super::icon::{Glyph, Icon};
use super::room::{OpenRoom, use_open_room};
use super::ui::{Ui, use_ui};
use crate::realtime::{Delivery, Place, name_of};
use crate::state::composing::{IDLE_MS, Telling};
use crate::state::draft::Draft;
use crate::state::markdown;

/// The field, what it answers or edits, and the button.
#[component]
pub(super) fn Composer(place: Place) -> impl IntoView {
    let ui = use_ui();
    let open = use_open_room();
    let draft = ui.draft(&place);
    let text = RwSignal::new(draft.text);
    open.reply.set(draft.reply_to.and_then(|id| id.parse().ok()));
    let place = StoredValue::new(place);
    keep_draft(ui, open, text, place);
    let telling = StoredValue::new(Telling::default());
    tell_typing(open, telling);
    edit_fills_the_field(open, text, place);
    // Where there are keys to write with; on a phone it would bring the keyboard up.
    Effect::new(move |_| {
        if let Some(field) = open.composer.get()
            && browser::has_pointer()
        {
            let _ = field.focus();
        }
    });

    let too_long = Memo::new(move |_| text.with(String::len) > MAX_CONTENT_BYTES);
    let can_send = Memo::new(move |_| !too_long.get() && text.with(|text| !text.trim().is_empty()));
    let send = move || {
        if !can_send.get_untracked() {
            return;
        }
        let content = text.get_untracked().trim().to_owned();
        match open.editing.get_untracked() {
            Some(item) => {
                if let Some(id) = item.message_id.as_ref().filter(|_| item.content != content) {
                    open.room.edit(id, &content);
                }
                open.editing.set(None);
            }
            None => {
                open.room.send(content, open.reply.get_untracked());
                open.reply.set(None);
                text.set(String::new());
            }
        }
        let stopped = telling.try_update_value(Telling::stop).flatten();
        if let Some(typing) = stopped {
            open.room.typing(typing);
        }
        if let Some(field) = open.composer.get_untracked() {
            let _ = field.focus();
        }
    };
    let on_input = move |event| {
        let value = event_target_value(&event);
        let empty = value.trim().is_empty();
        text.set(value);
        if open.editing.with_untracked(Option::is_none) {
            let told = telling.try_update_value(|telling| telling.input(browser::now(), empty)).flatten();
            if let Some(typing) = told {
                open.room.typing(typing);
            }
        }
    };
    let on_blur = move |_| {
        let stopped = telling.try_update_value(Telling::stop).flatten();
        if let Some(typing) = stopped {
            open.room.typing(typing);
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        // While an input method composes, Enter belongs to it.
        "Enter" if !event.shift_key() && !event.is_composing() && event.key_code() != 229 => {
            event.prevent_default();
            send();
        }
        "Escape" => cancel(open),
        "ArrowUp" if text.with_untracked(String::is_empty) && !event.alt_key() => {
            if let Some(item) = last_own(ui, open) {
                event.prevent_default();
                open.editing.set(Some(item));
            }
        }
        _ => {}
    };
    let label = move || format!("Message {}{}", if open.direct { "" } else { "#" }, open.name.get());
    view! {
        <form
            class="td-composer"
            on:submit=move |event: web_sys::SubmitEvent| {
                event.prevent_default();
                send();
            }
        >
            <Context />
            <div class="td-composer-box">
                <div class="td-grow" data-text=move || text.get()>
                    <textarea
                        node_ref=open.composer
                        class="td-composer-field"
                        rows="1"
                        enterkeyhint="send"
                        aria-label=label
                        aria-describedby="td-composer-error"
                        placeholder=label
                        prop:value=move || text.get()
                        on:input=on_input
                        on:keydown=on_key
                        on:blur=on_blur
                    ></textarea>
                </div>
                <button
                    class="td-icon-button td-send"
                    type="submit"
                    aria-label=move || if open.editing.with(Option::is_some) { "Save" } else { "Send" }
                    disabled=move || !can_send.get()
                >
                    <Glyph icon=Signal::derive(move || if open.editing.with(Option::is_some) { Icon::Check } else { Icon::Send }) />
                </button>
            </div>
            <p id="td-composer-error" class="td-error td-composer-error">
                {move || too_long.get().then(|| format!("A message has at most {MAX_CONTENT_BYTES} bytes; this has {}.", text.with(String::len)))}
            </p>
        </form>
    }
}

/// What is answered or edited.
#[component]
fn Context() -> impl IntoView {
    let open = use_open_room();
    let answered = move || {
        let id = open.reply.get()?;
        open.room.timeline.with(|timeline| timeline.by_id(&id))
    };
    move || {
        if open.editing.with(Option::is_some) {
            return Some(
                view! { <Bar title="Editing your message".to_owned() text=String::new() icon=Icon::Edit /> },
            );
        }
        open.reply.get()?;
        let item = answered();
        let title = match &item {
            Some(item) => format!("Replying to {}", name_of(item.sender_id.clone()).get()),
            None => "Replying to an earlier message".to_owned(),
        };
        let text = item.map(|item| markdown::plain(&item.content)).unwrap_or_default();
        Some(view! { <Bar title=title text=text icon=Icon::Reply /> })
    }
}

#[component]
fn Bar(title: String, text: String, icon: Icon) -> impl IntoView {
    let open = use_open_room();
    view! {
        <div class="td-composer-bar">
            <Glyph icon=icon size="small" />
            <span class="td-composer-bar-title">{title}</span>
            <span class="td-composer-bar-text td-ellipsis">{text}</span>
            <button type="button" class="td-icon-button" data-size="small" aria-label="Cancel" on:click=move |_| cancel(open)>
                <Glyph icon=Icon::Close size="small" />
            </button>
        </div>
    }
}

fn cancel(open: OpenRoom) {
    if open.editing.with_untracked(Option::is_some) {
        open.editing.set(None);
    } else {
        open.reply.set(None);
    }
    if let Some(field) = open.composer.get_untracked() {
        let _ = field.focus();
    }
}

fn last_own(ui: Ui, open: OpenRoom) -> Option<std::sync::Arc<crate::realtime::ChatItem>> {
    let me = ui.me();
    open.room.timeline.with_untracked(|timeline| {
        let own = |item: &&std::sync::Arc<crate::realtime::ChatItem>| {
            item.sender_id == me && item.delivery == Delivery::Sent && !item.deleted
        };
        timeline.items().filter(own).last().cloned()
    })
}

/// What is typed is kept, but for the text of an edit.
fn keep_draft(ui: Ui, open: OpenRoom, text: RwSignal<String>, place: StoredValue<Place>) {
    Effect::new(move |first: Option<()>| {
        let draft = Draft { text: text.get(), reply_to: open.reply.get().map(|id| id.to_string()) };
        if first.is_some() && open.editing.with_untracked(Option::is_none) {
            place.with_value(|place| ui.keep_draft(place, draft));
        }
    });
}

/// An edit takes the field over, and gives the draft back when it ends.
fn edit_fills_the_field(open: OpenRoom, text: RwSignal<String>, place: StoredValue<Place>) {
    let ui = use_ui();
    Effect::new(move |was: Option<bool>| {
        let editing = open.editing.get();
        match (&editing, was.unwrap_or(false)) {
            (Some(item), _) => {
                text.set(item.content.clone());
                if let Some(field) = open.composer.get_untracked() {
                    let _ = field.focus();
                }
            }
            (None, true) => text.set(place.with_value(|place| ui.draft(place)).text),
            (None, false) => {}
        }
        editing.is_some()
    });
}

/// Typing ends by itself when nothing more is typed, and with the room.
fn tell_typing(open: OpenRoom, telling: StoredValue<Telling>) {
    let check = set_interval_with_handle(
        move || {
            let stopped = telling.try_update_value(|telling| telling.tick(browser::now())).flatten();
            if let Some(typing) = stopped {
                open.room.typing(typing);
            }
        },
        Duration::from_millis(IDLE_MS.unsigned_abs() / 5),
    );
    on_cleanup(move || {
        if let Ok(check) = check {
            check.clear();
        }
        if telling.try_update_value(Telling::stop).flatten().is_some() {
            open.room.typing(false);
        }
    });
}
