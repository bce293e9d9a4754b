//! One message.

mod actions;
mod body;
mod reactions;

use std::sync::Arc;

use leptos::prelude::*;

use super::avatar::Avatar;
use super::browser;
use super::icon::{Glyph, Icon};
use super::room::use_open_room;
use super::timeline::Jump;
use super::ui::use_ui;
use crate::realtime::{ChatItem, Delivery, Place, name_of, use_rooms};
use crate::state::group::{Flags, Layout};
use crate::state::markdown;
use crate::state::tick::{Tick, readers};
use actions::Actions;
use body::Body;
use reactions::Reactions;

/// A message's row. It lives as long as the message: confirmation, edits and reactions change it in place.
#[component]
pub(super) fn Message(key: Arc<str>, layout: Memo<Layout>) -> impl IntoView {
    let ui = use_ui();
    let open = use_open_room();
    let of = key.clone();
    let item = Memo::new(move |_| open.room.timeline.with(|timeline| timeline.get(&of)));
    let Some(first) = item.get_untracked() else { return ().into_any() };
    let of = key.clone();
    let flags = Memo::new(move |_| layout.with(|layout| layout.flags.get(&of).copied().unwrap_or_default()));
    let mine = first.sender_id == ui.me();
    let user = first.sender_id.clone();
    let known = name_of(user.clone());
    let name = Memo::new(move |_| {
        item.get().and_then(|item| item.sender_name.clone()).unwrap_or_else(|| known.get())
    });
    let of = key.clone();
    let active = Memo::new(move |_| open.active.with(|active| active.as_ref() == Some(&of)));
    let of = key.clone();
    let found = Memo::new(move |_| open.found.with(|found| found.as_ref() == Some(&of)));
    // The list is one stop for Tab: the active message, or else the last one.
    let of = key.clone();
    let stop = Memo::new(move |_| {
        open.active.with(Option::is_none)
            && layout.with(|layout| layout.rows.last().is_some_and(|row| is_message(row, &of)))
    });
    let of = key.clone();
    let activate = move || {
        if !active.get_untracked() {
            open.active.set(Some(of.clone()));
        }
    };
    let (by_pointer, by_focus, by_touch) = (activate.clone(), activate.clone(), activate);
    let deleted = Memo::new(move |_| item.get().is_some_and(|item| item.deleted));
    let at = move || item.get().map_or(0, |item| item.at);
    let failed =
        Memo::new(move |_| item.get().is_some_and(|item| matches!(item.delivery, Delivery::Failed(_))));
    let content = Memo::new(move |_| item.get().map(|item| item.content.clone()).unwrap_or_default());
    let edited = Memo::new(move |_| item.get().is_some_and(|item| item.edited && !item.deleted));
    let reply = first.reply_to.clone();
    // Only once: a row that is moved in the list, as when older ones come above it, would rise again.
    let fresh = RwSignal::new(first.live && browser::now() - first.at < 3_000);
    view! {
        <li
            class="td-message"
            data-key=key.to_string()
            data-mine=mine.to_string()
            data-head=move || flags.get().head.to_string()
            data-tail=move || flags.get().tail.to_string()
            data-failed=move || failed.get().to_string()
            data-found=move || found.get().to_string()
            data-fresh=move || fresh.get().to_string()
            tabindex=move || if active.get() || stop.get() { "0" } else { "-1" }
            on:pointerenter=move |event| if event.pointer_type() == "mouse" { by_pointer() }
            on:focusin=move |_| by_focus()
            on:click=move |_| by_touch()
            on:animationend=move |_| fresh.set(false)
        >
            {move || flags.get().head.then(|| view! { <span class="td-message-face"><Avatar user=user.clone() name=name /></span> })}
            <div class="td-message-main">
                {move || if flags.get().head {
                    view! {
                        <p class="td-message-head">
                            <span class="td-message-name">{name}</span>
                            <time class="td-message-time" title=browser::full(at())>{browser::time(at())}</time>
                        </p>
                    }.into_any()
                } else {
                    view! { <p class="td-hidden">{name}" "{browser::time(at())}</p> }.into_any()
                }}
                <div class="td-bubble-row">
                <div class="td-bubble" data-deleted=move || deleted.get().to_string() data-emoji=move || markdown::big_emoji(&content.get()).map(|n| n.to_string())>
                    {reply.map(|id| view! { <Quote id=id /> })}
                    {move || if deleted.get() {
                        view! { <p class="td-tombstone">"Message deleted"</p> }.into_any()
                    } else {
                        view! { <Body text=content.get() /> }.into_any()
                    }}
                    {move || edited.get().then(|| view! { <span class="td-edited">"Edited"</span> })}
                </div>
                {move || active.get().then(|| item.get()).flatten().map(|item| view! { <Actions item=item mine=mine /> })}
                </div>
                <Reactions item=item />
                {mine.then(|| view! { <State item=item flags=flags /> })}
            </div>
        </li>
    }
    .into_any()
}

fn is_message(row: &crate::state::group::Row, key: &str) -> bool {
    matches!(row, crate::state::group::Row::Message(of) if **of == *key)
}

/// How far an own message has come.
#[component]
fn State(item: Memo<Option<Arc<ChatItem>>>, flags: Memo<Flags>) -> impl IntoView {
    let open = use_open_room();
    let ui = use_ui();
    let rooms = use_rooms().rooms;
    let me = ui.me();
    let place = StoredValue::new(crate::realtime::place_of(&ui.route.get_untracked()));
    let state = Memo::new(move |_| {
        let item = item.get()?;
        let seq = match (&item.delivery, item.seq) {
            (Delivery::Failed(_), _) => return Some((Tick::Failed, 0)),
            (Delivery::Sending, _) | (Delivery::Sent, None) => return Some((Tick::Sending, 0)),
            (Delivery::Sent, Some(seq)) => seq,
        };
        if item.deleted || !flags.get().tick {
            return None;
        }
        let mut others = open.room.crowd.with(|crowd| crowd.others(&me));
        if let Some(Place::Direct(peer)) = place.get_value() {
            others.extend(rooms.with(|rooms| rooms.get(&Place::Direct(peer)).map(|row| row.peer)));
            return Some((Tick::of(seq, others), 1));
        }
        Some((Tick::of(seq, others.iter().copied()), readers(seq, others)))
    });
    move || {
        let (tick, readers) = state.get()?;
        let icon = match tick {
            Tick::Failed => Icon::Alert,
            Tick::Sending => Icon::Clock,
            Tick::Sent => Icon::Check,
            Tick::Delivered | Tick::Read => Icon::CheckTwice,
        };
        let label = tick.label(readers);
        let shown = (tick == Tick::Read && readers > 1).then(|| readers.to_string());
        if tick == Tick::Failed {
            return Some(view! { <Failed item=item /> }.into_any());
        }
        let hidden = label.clone();
        let data = format!("{tick:?}").to_lowercase();
        Some(
            view! {
                <p class="td-tick" data-tick=data title=label>
                    {shown.map(|n| view! { <span aria-hidden="true">{n}</span> })}
                    <Glyph icon=icon size="small" />
                    <span class="td-hidden">{hidden}</span>
                </p>
            }
            .into_any(),
        )
    }
}

#[component]
fn Failed(item: Memo<Option<Arc<ChatItem>>>) -> impl IntoView {
    let open = use_open_room();
    let why = move || match item.get().map(|item| item.delivery.clone()) {
        Some(Delivery::Failed(why)) => format!("Not sent: {why}."),
        Some(Delivery::Sending | Delivery::Sent) | None => "Not sent.".to_owned(),
    };
    let id = move || item.get_untracked().and_then(|item| item.client_id.clone());
    let retry = move |_| {
        if let Some(id) = id() {
            open.room.retry(&id);
        }
    };
    let drop = move |_| {
        if let Some(id) = id() {
            open.room.cancel(&id);
        }
    };
    view! {
        <p class="td-failed" role="alert">
            <Glyph icon=Icon::Alert size="small" />
            <span>{why}</span>
            <button class="td-button" data-kind="quiet" data-size="small" on:click=retry>"Retry"</button>
            <button class="td-button" data-kind="quiet" data-size="small" on:click=drop>"Delete"</button>
        </p>
    }
}

/// What is answered, if it is in the window; a click goes there.
#[component]
fn Quote(id: tidings_protocol::MessageId) -> impl IntoView {
    let open = use_open_room();
    let jump = expect_context::<Jump>();
    let item = Memo::new(move |_| open.room.timeline.with(|timeline| timeline.by_id(&id)));
    let name = move || {
        item.get()
            .map(|item| item.sender_name.clone().unwrap_or_else(|| name_of(item.sender_id.clone()).get()))
    };
    let text = move || match item.get() {
        Some(item) if item.deleted => "Message deleted".to_owned(),
        Some(item) => markdown::plain(&item.content),
        None => "An earlier message".to_owned(),
    };
    view! {
        <button
            class="td-quote"
            disabled=move || item.get().is_none()
            on:click=move |_| {
                if let Some(item) = item.get_untracked() {
                    jump.to(&item.key);
                }
            }
        >
            <span class="td-quote-name">{name}</span>
            <span class="td-quote-text td-ellipsis">{text}</span>
        </button>
    }
}
