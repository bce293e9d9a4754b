//! The right pane: who is in the room, and what can be done with it.

use leptos::prelude::*;
use tidings_protocol::UserId;
use tidings_protocol::entity::{Role, RoomKind};

use super::avatar::{Avatar, RoomMark};
use super::browser;
use super::icon::{Glyph, Icon};
use super::ui::{Confirm, Dialog, use_ui};
use crate::realtime::{Place, here, name_of, route_of, use_room, use_rooms, use_tidings};
use crate::state::badge;
use crate::state::roster::{self, Face, Here};
use crate::state::route::Route;

/// The pane of a place.
#[component]
pub(super) fn Details(place: Place) -> impl IntoView {
    let ui = use_ui();
    let button = NodeRef::<leptos::html::Button>::new();
    Effect::new(move |_| {
        if let Some(button) = button.get() {
            let _ = button.focus();
        }
    });
    let close = move || {
        ui.show_details(false);
        browser::focus(".td-details-toggle");
    };
    let close_by_key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            close();
        }
    };
    let body = match place {
        Place::Room(_) => view! { <RoomDetails place=place /> }.into_any(),
        Place::Direct(user) => view! { <PersonDetails user=user /> }.into_any(),
    };
    view! {
        <section class="td-details" aria-label="Details" on:keydown=close_by_key>
            <header class="td-details-header">
                <h2 class="td-details-title">"Details"</h2>
                <button class="td-icon-button" aria-label="Close details" node_ref=button on:click=move |_| close()>
                    <Glyph icon=Icon::Close />
                </button>
            </header>
            <div class="td-details-scroll">{body}</div>
        </section>
    }
}

#[component]
fn RoomDetails(place: Place) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let room = use_room(&place);
    let people = use_tidings().people;
    let of = place.clone();
    let row = Memo::new(move |_| rooms.rooms.with(|rooms| rooms.get(&of)));
    room.load_members();
    let faces = Memo::new(move |_| {
        let mut faces = people.with(|people| {
            let face = |id: &UserId, owner| Face {
                id: id.to_string(),
                name: people.name(id),
                here: here(people.status(id)),
                owner,
            };
            room.crowd.with(|crowd| {
                let members = crowd.members.iter().map(|m| face(&m.user_id, m.role == Role::Owner));
                let others =
                    crowd.present.iter().filter(|user| !crowd.is_member(user)).map(|user| face(user, false));
                members.chain(others).collect::<Vec<Face>>()
            })
        });
        roster::sort(&mut faces);
        faces
    });
    let me = ui.me();
    let owner =
        Memo::new(move |_| faces.with(|faces| faces.iter().any(|face| face.owner && face.id == me.as_str())));
    let count = move || {
        faces.with(|faces| {
            format!(
                "{}, {} online",
                badge::plural(faces.len() as u64, "person").replace("persons", "people"),
                roster::online(faces)
            )
        })
    };
    let name = Memo::new(move |_| row.get().map(|row| row.name.clone()).unwrap_or_default());
    let private = Memo::new(move |_| row.get().is_some_and(|row| row.kind == RoomKind::Private));
    let Place::Room(id) = place else { return ().into_any() };
    let (leave_id, invite_id, mark_id) = (id.clone(), id.clone(), id.to_string());
    let ask_to_leave = move |_| {
        let id = leave_id.clone();
        let run = Callback::new(move |()| {
            let id = id.clone();
            leptos::task::spawn_local(async move {
                match rooms.leave(&id).await {
                    Ok(()) => ui.go(&Route::Home),
                    Err(error) => ui.toast("You could not leave", error.to_string(), true),
                }
            });
        });
        let text = if private.get_untracked() {
            "You can only come back when the owner lets you in."
        } else {
            "You can join again at any time."
        };
        ui.dialog.set(Some(Dialog::Confirm(Confirm {
            title: format!("Leave {}?", name.get_untracked()),
            text: text.to_owned(),
            action: "Leave room",
            run,
        })));
    };
    view! {
        <div class="td-details-card">
            {move || view! { <RoomMark id=mark_id.clone() private=private.get() size="48" /> }}
            <p class="td-details-name">{name}</p>
            <p class="td-details-kind">{move || if private.get() { "Private room" } else { "Public room" }}</p>
        </div>
        <section aria-labelledby="td-people">
            <div class="td-section">
                <h3 id="td-people" class="td-section-title">{count}</h3>
                {move || owner.get().then(|| {
                    let id = invite_id.clone();
                    view! {
                        <button class="td-icon-button" data-size="small" aria-label="Add people" title="Add people" on:click=move |_| ui.dialog.set(Some(Dialog::Invite(id.clone())))>
                            <Glyph icon=Icon::UserPlus />
                        </button>
                    }
                })}
            </div>
            <ul class="td-people">
                <For each=move || faces.get() key=|face| (face.id.clone(), face.owner) let:face>
                    <Person face=face />
                </For>
            </ul>
        </section>
        <button class="td-menu-item" data-kind="danger" on:click=ask_to_leave><Glyph icon=Icon::Leave />"Leave room"</button>
    }
    .into_any()
}

#[component]
fn Person(face: Face) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let Ok(user) = face.id.parse::<UserId>() else { return ().into_any() };
    let name = name_of(user.clone());
    let me = ui.me() == user;
    let write = {
        let user = user.clone();
        move |_| {
            let place = rooms.open_direct(&user);
            ui.go(&route_of(&place));
        }
    };
    view! {
        <li>
            <button class="td-person" disabled=me on:click=write>
                <Avatar user=user name=name size="32" presence=true />
                <span class="td-ellipsis">{name}{me.then_some(" (you)")}</span>
                {face.owner.then(|| view! { <span class="td-role">"Owner"</span> })}
                {(!me).then(|| view! { <span class="td-hidden">", send a message"</span> })}
            </button>
        </li>
    }
    .into_any()
}

#[component]
fn PersonDetails(user: UserId) -> impl IntoView {
    let name = name_of(user.clone());
    let state = presence_text(user.clone());
    let id = user.to_string();
    view! {
        <div class="td-details-card">
            <Avatar user=user name=name size="48" presence=true />
            <p class="td-details-name">{name}</p>
            <p class="td-details-kind">{state}</p>
            <p class="td-hint">{id}</p>
        </div>
    }
}

/// How present somebody is, in words.
pub(super) fn presence_text(user: UserId) -> Memo<String> {
    let ui = use_ui();
    let people = use_tidings().people;
    Memo::new(move |_| {
        let (status, seen) = people.with(|people| (here(people.status(&user)), people.last_seen(&user)));
        match (status, seen) {
            (Here::Online, _) => "Online".to_owned(),
            (Here::Away, _) => "Away".to_owned(),
            (Here::Offline, Some(at)) => match browser::ago(at, ui.minute.get()).as_str() {
                "now" => "Last seen just now".to_owned(),
                ago => format!("Last seen {ago} ago"),
            },
            (Here::Offline, None) => "Offline".to_owned(),
        }
    })
}
