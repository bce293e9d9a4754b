//! A face: initials on the user's colour, with a mark for presence that differs in shape as well as in colour.

use leptos::prelude::*;
use tidings_protocol::UserId;

use super::icon::{Glyph, Icon};
use crate::realtime::{here, use_tidings};
use crate::state::avatar::{hue, initials};
use crate::state::roster::Here;

/// A user's face. Presence is shown where `presence` asks for it.
#[component]
pub(super) fn Avatar(
    user: UserId,
    #[prop(into)] name: Signal<String>,
    #[prop(default = "36")] size: &'static str,
    #[prop(default = false)] presence: bool,
) -> impl IntoView {
    let people = use_tidings().people;
    let colour = hue(user.as_str()).to_string();
    let status = Memo::new(move |_| people.with(|people| here(people.status(&user))));
    view! {
        <span class="td-avatar" data-size=size data-hue=colour>
            <span aria-hidden="true">{move || initials(&name.get())}</span>
            {presence.then(|| view! { <Presence status=status /> })}
        </span>
    }
}

/// The mark of a room: what its kind is, on the room's colour.
#[component]
pub(super) fn RoomMark(
    id: String,
    private: bool,
    #[prop(default = "36")] size: &'static str,
) -> impl IntoView {
    view! {
        <span class="td-avatar" data-shape="room" data-size=size data-hue=hue(&id).to_string() aria-hidden="true">
            <Glyph icon=if private { Icon::Lock } else { Icon::Hash } />
        </span>
    }
}

/// The mark of presence.
#[component]
pub(super) fn Presence(#[prop(into)] status: Signal<Here>) -> impl IntoView {
    view! {
        <span class="td-presence" data-here=move || status.get().label()></span>
        <span class="td-hidden">{move || format!(" ({})", status.get().label())}</span>
    }
}
