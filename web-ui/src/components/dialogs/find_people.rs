//! People by name: to write to, or to add to a room.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use tidings_protocol::entity::Person;
use tidings_protocol::{RoomId, UserId};

use crate::components::avatar::Avatar;
use crate::components::ui::use_ui;
use crate::realtime::{route_of, use_rooms, use_tidings};

/// What a found person is wanted for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purpose {
    Write,
    Invite(RoomId),
}

/// Typing pauses this long before the server is asked.
const PAUSE: Duration = Duration::from_millis(200);

#[component]
pub(super) fn FindPeople(purpose: Purpose, close: Callback<()>) -> impl IntoView {
    let ui = use_ui();
    let rooms = use_rooms();
    let tidings = use_tidings();
    let text = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Vec<Person>>);
    let error = RwSignal::new(None::<String>);
    let ask = move |wanted: String| {
        spawn_local(async move {
            let answer = tidings.find_people(&wanted).await;
            // Only the answer to what stands in the field now counts.
            if text.try_get_untracked().is_none_or(|now| now != wanted) {
                return;
            }
            match answer {
                Ok(people) => {
                    error.set(None);
                    found.set(Some(people));
                }
                Err(why) => error.set(Some(why.to_string())),
            }
        });
    };
    let mut ask_later = debounce(PAUSE, ask);
    ask(String::new());
    let choose = {
        let purpose = purpose.clone();
        move |user: &UserId, name: &str| match &purpose {
            Purpose::Write => {
                close.run(());
                ui.go(&route_of(&rooms.open_direct(user)));
            }
            Purpose::Invite(room) => {
                let (room, user, name) = (room.clone(), user.clone(), name.to_owned());
                spawn_local(async move {
                    match rooms.invite(&room, &user).await {
                        Ok(()) => {
                            close.run(());
                            ui.toast(format!("{name} was added"), "", false);
                        }
                        Err(why) => {
                            error.try_set(Some(why.to_string()));
                        }
                    }
                });
            }
        }
    };
    let me = ui.me();
    let people = Memo::new(move |_| {
        let mut people = found.get()?;
        people.retain(|person| person.user_id != me);
        // Somebody whom the server has not seen can be written to by the exact name.
        let typed = text.get();
        if let Ok(user_id) = typed.parse::<UserId>()
            && user_id != me
            && !people.iter().any(|person| person.user_id == user_id)
        {
            let status = tidings_protocol::entity::Status::Offline;
            people.push(Person { name: typed, user_id, status });
        }
        Some(people)
    });
    let row = move |person: Person| {
        let choose = choose.clone();
        let (user, name) = (person.user_id.clone(), person.name.clone());
        view! {
            <li>
                <button class="td-dialog-row" on:click=move |_| choose(&user, &name)>
                    <Avatar user=person.user_id.clone() name=person.name.clone() presence=true />
                    <span>
                        <span class="td-dialog-row-name td-ellipsis">{person.name.clone()}</span>
                        <span class="td-dialog-row-text">{person.user_id.to_string()}</span>
                    </span>
                </button>
            </li>
        }
    };
    view! {
        <div class="td-dialog-body">
            <div class="td-field">
                <label class="td-label" for="td-find">"Name"</label>
                <input
                    id="td-find"
                    class="td-input"
                    autofocus
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    prop:value=move || text.get()
                    on:input=move |event| {
                        let value = event_target_value(&event).trim().to_owned();
                        text.set(value.clone());
                        ask_later(value);
                    }
                />
            </div>
            {move || error.get().map(|error| view! {
                <p class="td-error" role="alert">{error}</p>
                <button class="td-button" on:click=move |_| ask(text.get_untracked())>"Retry"</button>
            })}
            {move || people.get().map(|people| if people.is_empty() {
                view! { <p class="td-hint">"Nobody else has been here yet. Type a name to write to somebody who will come."</p> }.into_any()
            } else {
                view! { <ul class="td-dialog-list">{people.into_iter().map(row.clone()).collect_view()}</ul> }.into_any()
            })}
        </div>
    }
}
