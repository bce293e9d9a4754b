//! The middle pane: header, messages, who types, composer.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::{ev, html};
use tidings_protocol::MessageId;
use tidings_protocol::entity::RoomKind;

use super::avatar::{Avatar, RoomMark};
use super::composer::Composer;
use super::details::presence_text;
use super::icon::{Glyph, Icon};
use super::timeline::TimelineView;
use super::ui::{Dialog, use_ui};
use crate::realtime::{ChatItem, Place, UseRoom, name_of, route_of, use_room, use_rooms, use_tidings};
use crate::state::badge;
use crate::state::composing::sentence;
use crate::state::route::Route;

/// What the parts of an open room share.
#[derive(Clone, Copy)]
pub(super) struct OpenRoom {
    pub room: UseRoom,
    pub name: Memo<String>,
    pub direct: bool,
    /// How many messages were unread when the room was opened.
    pub unread: u64,
    /// The message that stands under the keyboard's cursor or the pointer.
    pub active: RwSignal<Option<Arc<str>>>,
    /// The message that is answered.
    pub reply: RwSignal<Option<MessageId>>,
    /// The message that is edited.
    pub editing: RwSignal<Option<Arc<ChatItem>>>,
    /// The message that was jumped to, for a moment.
    pub found: RwSignal<Option<Arc<str>>>,
    pub composer: NodeRef<html::Textarea>,
}

/// The open room's shared parts.
pub(super) fn use_open_room() -> OpenRoom {
    expect_context()
}

/// A room or conversation.
#[component]
pub(super) fn Room(place: Place) -> impl IntoView {
    let rooms = use_rooms();
    let of = place.clone();
    // A conversation needs no room; it is there as soon as somebody wants it.
    let open = Memo::new(move |_| {
        let direct = matches!(of, Place::Direct(_));
        rooms.rooms.with(|rooms| rooms.loaded().then(|| direct || rooms.get(&of).is_some()))
    });
    let place = StoredValue::new(place);
    move || match open.get() {
        None => view! { <div class="td-main-empty"></div> }.into_any(),
        Some(true) => view! { <Open place=place.get_value() /> }.into_any(),
        Some(false) => view! { <NotIn place=place.get_value() /> }.into_any(),
    }
}

#[component]
fn Open(place: Place) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    if let Place::Direct(user) = &place {
        rooms.open_direct(user);
    }
    let room = use_room(&place);
    room.begin_visit();
    let of = place.clone();
    let row = Memo::new(move |_| rooms.rooms.with(|rooms| rooms.get(&of)));
    let name = match &place {
        Place::Direct(user) => name_of(user.clone()),
        Place::Room(id) => {
            let id = id.to_string();
            Memo::new(move |_| row.get().map_or_else(|| id.clone(), |row| row.name.clone()))
        }
    };
    let open = OpenRoom {
        room,
        name,
        direct: matches!(place, Place::Direct(_)),
        unread: row.with_untracked(|row| row.as_ref().map_or(0, |row| row.unread)),
        active: RwSignal::new(None),
        reply: RwSignal::new(None),
        editing: RwSignal::new(None),
        found: RwSignal::new(None),
        composer: NodeRef::new(),
    };
    provide_context(open);
    expire_typers(room);
    announce(open);
    let neighbours = window_event_listener(ev::keydown, move |event| {
        let step = match event.key().as_str() {
            "ArrowUp" => -1,
            "ArrowDown" => 1,
            _ => return,
        };
        if event.alt_key() && !event.shift_key() && !event.ctrl_key() {
            event.prevent_default();
            if let Some(route) = neighbour(rooms, &ui.route.get_untracked(), step) {
                ui.go(&route);
            }
        }
    });
    on_cleanup(move || neighbours.remove());
    view! {
        <Header place=place.clone() />
        <TimelineView place=place.clone() />
        <TypingLine />
        <Composer place=place />
    }
}

#[component]
fn Header(place: Place) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let open = use_open_room();
    let people = use_tidings().people;
    let of = place.clone();
    let row = Memo::new(move |_| rooms.rooms.with(|rooms| rooms.get(&of)));
    let private = Memo::new(move |_| row.get().is_some_and(|row| row.kind == RoomKind::Private));
    let (face, subtitle) = match place {
        Place::Direct(user) => {
            let text = presence_text(user.clone());
            (view! { <Avatar user=user name=open.name presence=true /> }.into_any(), text)
        }
        Place::Room(id) => {
            let text = Memo::new(move |_| {
                let listed = row.get().and_then(|row| row.members).unwrap_or(0);
                let (present, members) = open.room.crowd.with(|crowd| (crowd.count, crowd.size(listed)));
                people.track();
                format!("{} · {present} here", badge::plural(members, "member"))
            });
            let face = move || view! { <RoomMark id=id.to_string() private=private.get() /> };
            (face.into_any(), text)
        }
    };
    view! {
        <header class="td-room-header">
            <a class="td-icon-button td-back" href=Route::Home.hash() aria-label="Back to the list"><Glyph icon=Icon::Back /></a>
            {face}
            <div class="td-room-names">
                <h1 class="td-room-name td-ellipsis">{open.name}</h1>
                <p class="td-room-sub td-ellipsis">{subtitle}</p>
            </div>
            <button
                class="td-icon-button td-details-toggle"
                aria-label="Details"
                title="Details"
                aria-expanded=move || ui.details.get().to_string()
                on:click=move |_| ui.show_details(!ui.details.get_untracked())
            >
                <Glyph icon=Icon::Users />
            </button>
        </header>
    }
}

#[component]
fn TypingLine() -> impl IntoView {
    let open = use_open_room();
    let people = use_tidings().people;
    let text = move || {
        let names = open.room.typers.with(|typers| {
            people.with(|people| typers.users().map(|user| people.name(user)).collect::<Vec<String>>())
        });
        sentence(&names)
    };
    view! {
        <p class="td-typing">
            {move || (!open.room.typers.with(|typers| typers.is_empty())).then(|| view! {
                <span class="td-dots" aria-hidden="true"><i></i><i></i><i></i></span>
            })}
            <span class="td-ellipsis">{text}</span>
        </p>
    }
}

#[component]
fn NotIn(place: Place) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let notice = use_tidings().notice;
    let Place::Room(id) = place else { return ().into_any() };
    let name = id.to_string();
    let closed = RwSignal::new(None);
    let of = id.clone();
    Effect::new(move |_| {
        // A join that is refused is told by a notice.
        notice.track();
        let id = of.clone();
        leptos::task::spawn_local(async move {
            closed.try_set(Some(rooms.is_closed(&id).await));
        });
    });
    let title = name.clone();
    let inside = move || {
        let (icon, text, button) = if closed.get()? {
            let make = view! { <button class="td-button" on:click=move |_| ui.dialog.set(Some(Dialog::CreateRoom))><Glyph icon=Icon::Plus />"New room"</button> };
            // The server does not tell the one from the other.
            let text =
                "It is private, and its owner has to let you in. Or nobody has made it yet, and you can.";
            (Icon::Lock, text, make.into_any())
        } else {
            let id = id.clone();
            let join = view! { <button class="td-button" data-kind="primary" on:click=move |_| rooms.join(&id)>{format!("Join {name}")}</button> };
            (Icon::Hash, "Join it to read and write.", join.into_any())
        };
        Some(view! {
            <span class="td-empty-mark"><Glyph icon=icon size="large" /></span>
            <h2 class="td-empty-title">"You are not in this room"</h2>
            <p>{text}</p>
            <div class="td-empty-actions">{button}</div>
        })
    };
    view! {
        <header class="td-room-header">
            <a class="td-icon-button td-back" href=Route::Home.hash() aria-label="Back to the list"><Glyph icon=Icon::Back /></a>
            <h1 class="td-room-name td-ellipsis">{title}</h1>
        </header>
        <div class="td-empty td-main-empty">{inside}</div>
    }
    .into_any()
}

fn neighbour(rooms: crate::realtime::UseRooms, route: &Route, step: isize) -> Option<Route> {
    let rows = rooms.rooms.with_untracked(|rooms| rooms.sorted());
    let direct = |place: &Place| matches!(place, Place::Direct(_));
    // In the order of the list: rooms first, then conversations.
    let places: Vec<Route> = [false, true]
        .iter()
        .flat_map(|wanted| rows.iter().filter(move |row| direct(&row.place) == *wanted))
        .map(|row| route_of(&row.place))
        .collect();
    let at = places.iter().position(|other| other == route)?;
    places.get(at.checked_add_signed(step)?).cloned()
}

fn expire_typers(room: UseRoom) {
    // A clock only while somebody types.
    Effect::new(move |last: Option<Option<IntervalHandle>>| {
        let typing = room.typers.with(|typers| !typers.is_empty());
        match (last.flatten(), typing) {
            (Some(handle), true) => Some(handle),
            (Some(handle), false) => {
                handle.clear();
                None
            }
            (None, true) => {
                set_interval_with_handle(move || room.expire_typers(), Duration::from_millis(250)).ok()
            }
            (None, false) => None,
        }
    });
}

fn announce(open: OpenRoom) {
    let ui = use_ui();
    Effect::new(move |before: Option<u64>| {
        let (theirs, last) = open.room.arrivals.with(|arrivals| (arrivals.theirs, arrivals.last.clone()));
        if let (Some(before), Some((sender, text))) = (before, last)
            && theirs > before
        {
            let text = crate::state::markdown::plain(&text);
            ui.announcer.update(|announcer| announcer.message(&sender, &text));
        }
        theirs
    });
}
