//! The public rooms.

use leptos::prelude::*;
use leptos::task::spawn_local;
use tidings_protocol::entity::Room;

use crate::components::avatar::RoomMark;
use crate::components::ui::{Dialog, use_ui};
use crate::realtime::{Place, route_of, use_rooms};
use crate::state::badge;

#[component]
pub(super) fn BrowseRooms(close: Callback<()>) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let list = RwSignal::new(None::<Vec<Room>>);
    let more = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let load = move || {
        let after =
            list.with_untracked(|list| list.as_ref().and_then(|l| l.last()).map(|room| room.room_id.clone()));
        spawn_local(async move {
            match rooms.public(after.as_ref()).await {
                Ok(page) => {
                    error.try_set(None);
                    list.try_update(|list| {
                        let list = list.get_or_insert_default();
                        // Whoever presses twice asks twice for the same page.
                        if list.last().map(|room| &room.room_id) == after.as_ref() {
                            list.extend(page.rooms);
                            more.try_set(page.has_more);
                        }
                    });
                }
                Err(why) => {
                    error.try_set(Some(why.to_string()));
                }
            }
        });
    };
    load();
    let row = move |room: Room| {
        let place = Place::Room(room.room_id.clone());
        let of = place.clone();
        let mine = Memo::new(move |_| rooms.rooms.with(|rooms| rooms.get(&of).is_some()));
        let id = room.room_id.clone();
        let open = move |_| {
            rooms.join(&id);
            close.run(());
            ui.go(&route_of(&place));
        };
        let text = match room.members {
            Some(members) => badge::plural(members, "member"),
            None => room.room_id.to_string(),
        };
        view! {
            <li>
                <button class="td-dialog-row" on:click=open>
                    <RoomMark id=room.room_id.to_string() private=false />
                    <span>
                        <span class="td-dialog-row-name td-ellipsis">{room.name}</span>
                        <span class="td-dialog-row-text">{text}</span>
                    </span>
                    <span class="td-label">{move || if mine.get() { "Open" } else { "Join" }}</span>
                </button>
            </li>
        }
    };
    view! {
        <div class="td-dialog-body">
            {move || error.get().map(|error| view! {
                <p class="td-error" role="alert">{error}</p>
                <button class="td-button" on:click=move |_| load()>"Retry"</button>
            })}
            {move || list.get().map(|list| if list.is_empty() {
                view! {
                    <div class="td-empty">
                        <p class="td-empty-title">"No public rooms yet"</p>
                        <button class="td-button" data-kind="primary" on:click=move |_| ui.dialog.set(Some(Dialog::CreateRoom))>"Make the first one"</button>
                    </div>
                }.into_any()
            } else {
                view! { <ul class="td-dialog-list">{list.into_iter().map(row).collect_view()}</ul> }.into_any()
            })}
            {move || more.get().then(|| view! { <button class="td-button" data-kind="quiet" on:click=move |_| load()>"Show more"</button> })}
        </div>
    }
}
