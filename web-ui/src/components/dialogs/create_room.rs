//! A new room.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tidings_protocol::RoomId;
use tidings_protocol::entity::RoomKind;

use crate::components::ui::use_ui;
use crate::realtime::{HttpError, route_of, use_rooms};
use crate::state::route::room_id_of;

#[component]
pub(super) fn CreateRoom(close: Callback<()>) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let name = RwSignal::new(String::new());
    let private = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let title = name.get_untracked().trim().to_owned();
        let Ok(id) = RoomId::new(room_id_of(&title)) else {
            error.set(Some("Give the room a name of letters or digits, at most 128 bytes long.".to_owned()));
            return;
        };
        let kind = if private.get_untracked() { RoomKind::Private } else { RoomKind::Public };
        busy.set(true);
        spawn_local(async move {
            match rooms.create(id, Some(title), kind).await {
                Ok(place) => {
                    close.run(());
                    ui.go(&route_of(&place));
                }
                Err(HttpError::Problem(problem)) if problem.status == 409 => {
                    error.set(Some("There is a room of this name already.".to_owned()));
                }
                Err(other) => error.set(Some(other.to_string())),
            }
            busy.try_set(false);
        });
    };
    let choice = move |value: bool, label: &'static str, text: &'static str| {
        view! {
            <label class="td-choice-item">
                <input type="radio" name="td-kind" prop:checked=move || private.get() == value on:change=move |_| private.set(value) />
                <span class="td-choice-name">{label}</span>
                <span class="td-choice-text">{text}</span>
            </label>
        }
    };
    view! {
        <form class="td-dialog-body" on:submit=submit>
            <div class="td-field">
                <label class="td-label" for="td-room-name">"Name"</label>
                <input
                    id="td-room-name"
                    class="td-input"
                    required
                    autofocus
                    maxlength="100"
                    autocomplete="off"
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby="td-room-error"
                    prop:value=move || name.get()
                    on:input=move |event| {
                        name.set(event_target_value(&event));
                        error.set(None);
                    }
                />
                <p id="td-room-error" class="td-error" role="alert">{move || error.get()}</p>
            </div>
            <fieldset class="td-choice">
                <legend class="td-label td-legend">"Who may come in"</legend>
                {choice(false, "Public", "Everybody can find it, read it and join.")}
                {choice(true, "Private", "Only people whom you add.")}
            </fieldset>
            <div class="td-dialog-actions">
                <button class="td-button" type="button" on:click=move |_| close.run(())>"Cancel"</button>
                <button class="td-button" data-kind="primary" type="submit" disabled=move || busy.get()>"Create room"</button>
            </div>
        </form>
    }
}
