//! The list of rooms and conversations.

use leptos::prelude::*;
use tidings_protocol::entity::RoomKind;

use super::avatar::{Avatar, RoomMark};
use super::bell::Bell;
use super::browser;
use super::icon::{Glyph, Icon};
use super::me_menu::MeMenu;
use super::retry_bar::RetryBar;
use super::ui::{Dialog, use_ui};
use crate::realtime::{Place, name_of, place_of, route_of, use_rooms};
use crate::state::badge;
use crate::state::markdown;

/// The left pane.
#[component]
pub(super) fn Sidebar(sign_out: Callback<()>) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let places = move |direct: bool| {
        Memo::new(move |_| {
            let rows = rooms.rooms.with(|rooms| rooms.sorted());
            let wanted = rows.iter().filter(|row| matches!(row.place, Place::Direct(_)) == direct);
            wanted.map(|row| row.place.clone()).collect::<Vec<_>>()
        })
    };
    let open = move |dialog: Dialog| move |_| ui.dialog.set(Some(dialog.clone()));
    let loaded = Memo::new(move |_| rooms.rooms.with(|rooms| rooms.loaded()));
    let failed = Memo::new(move |_| !loaded.get() && rooms.error.with(Option::is_some));
    view! {
        <nav class="td-sidebar" aria-label="Conversations">
            <header class="td-sidebar-header">
                <h1 class="td-hidden">"Tidings"</h1>
                <MeMenu sign_out=sign_out />
                <Bell />
            </header>
            <div class="td-sidebar-scroll">
                <section aria-labelledby="td-rooms">
                    <div class="td-section">
                        <h2 id="td-rooms" class="td-section-title">"Rooms"</h2>
                        <button class="td-icon-button" data-size="small" aria-label="Browse rooms" title="Browse rooms" on:click=open(Dialog::BrowseRooms)>
                            <Glyph icon=Icon::Compass />
                        </button>
                        <button class="td-icon-button" data-size="small" aria-label="New room" title="New room" on:click=open(Dialog::CreateRoom)>
                            <Glyph icon=Icon::Plus />
                        </button>
                    </div>
                    {move || rooms.error.get().map(|why| view! {
                        <RetryBar what="The list did not come" why=why again=Callback::new(move |()| rooms.refresh()) />
                    })}
                    {move || match (loaded.get(), failed.get()) {
                        (false, true) => ().into_any(),
                        (false, false) => view! { <Bones /> }.into_any(),
                        (true, _) => view! { <Rows places=places(false) empty="No rooms yet. Browse the public ones or make your own." /> }.into_any(),
                    }}
                </section>
                <section aria-labelledby="td-directs">
                    <div class="td-section">
                        <h2 id="td-directs" class="td-section-title">"Direct messages"</h2>
                        <button class="td-icon-button" data-size="small" aria-label="New message" title="New message" on:click=open(Dialog::NewMessage)>
                            <Glyph icon=Icon::Plus />
                        </button>
                    </div>
                    {move || loaded.get().then(|| view! { <Rows places=places(true) empty="Write to somebody: press the plus." /> })}
                </section>
            </div>
        </nav>
    }
}

#[component]
fn Rows(places: Memo<Vec<Place>>, empty: &'static str) -> impl IntoView {
    view! {
        <Show
            when=move || places.with(|places| !places.is_empty())
            fallback=move || view! { <p class="td-section-empty">{empty}</p> }
        >
            <ul class="td-rooms">
                <For each=move || places.get() key=Clone::clone let:place>
                    <Row place=place />
                </For>
            </ul>
        </Show>
    }
}

#[component]
fn Row(place: Place) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms().rooms;
    let of = place.clone();
    let row = Memo::new(move |_| rooms.with(|rooms| rooms.get(&of)));
    let href = route_of(&place).hash();
    let of = place.clone();
    let current = Memo::new(move |_| place_of(&ui.route.get()).is_some_and(|place| place == of));
    let of = place.clone();
    // The draft of the open room is in its composer.
    let draft = Memo::new(move |_| if current.get() { None } else { ui.draft_text(&of) });
    let name = match &place {
        Place::Direct(user) => name_of(user.clone()),
        Place::Room(_) => Memo::new(move |_| row.get().map(|row| row.name.clone()).unwrap_or_default()),
    };
    let unread = Memo::new(move |_| row.get().map_or(0, |row| row.unread));
    let failed = Memo::new(move |_| row.get().is_some_and(|row| row.failed > 0));
    let private = move || row.get().is_some_and(|row| row.kind == RoomKind::Private);
    let face = match place.clone() {
        Place::Direct(user) => view! { <Avatar user=user name=name presence=true /> }.into_any(),
        Place::Room(id) => (move || view! { <RoomMark id=id.to_string() private=private() /> }).into_any(),
    };
    let me = ui.me();
    let direct = matches!(place, Place::Direct(_));
    let preview = move || {
        let row = row.get()?;
        let last = row.last.as_ref()?;
        let text = if last.content.is_empty() {
            "Message deleted".to_owned()
        } else {
            markdown::plain(&last.content)
        };
        Some(match (last.sender_id == me, direct) {
            (true, _) => format!("You: {text}"),
            (false, true) => text,
            (false, false) => format!("{}: {text}", last.sender_name),
        })
    };
    let time = move || row.get()?.last.as_ref().map(|last| browser::ago(last.at, ui.minute.get()));
    view! {
        <li>
            <a class="td-row" href=href aria-current=move || current.get().then_some("page") data-unread=move || (unread.get() > 0).to_string()>
                {face}
                <span class="td-row-name td-ellipsis">{name}</span>
                <span class="td-row-time">{time}</span>
                <span class="td-row-text td-ellipsis">
                    {move || match draft.get() {
                        Some(text) => view! { <span class="td-row-draft">"Draft: "</span>{markdown::plain(&text)} }.into_any(),
                        None => preview().unwrap_or_else(|| "No messages yet".to_owned()).into_any(),
                    }}
                </span>
                <span class="td-row-marks">
                    {move || failed.get().then(|| view! {
                        <span class="td-badge" data-kind="failed"><span aria-hidden="true">"!"</span><span class="td-hidden">" not sent"</span></span>
                    })}
                    {move || (unread.get() > 0).then(|| view! {
                        <span class="td-badge">{badge::count(unread.get())}<span class="td-hidden">" unread"</span></span>
                    })}
                </span>
            </a>
        </li>
    }
}

#[component]
fn Bones() -> impl IntoView {
    view! {
        <ul class="td-rooms td-late" aria-hidden="true">
            {(0..5).map(|_| view! {
                <li class="td-row-bones">
                    <span class="td-bone td-bone-face"></span>
                    <span class="td-bone td-bone-line"></span>
                    <span class="td-bone td-bone-line"></span>
                </li>
            }).collect_view()}
        </ul>
    }
}
