//! Reactions under a message.

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::room::use_open_room;
use crate::realtime::ChatItem;

#[component]
pub(super) fn Reactions(item: Memo<Option<Arc<ChatItem>>>) -> impl IntoView {
    let open = use_open_room();
    let list = Memo::new(move |_| item.get().map(|item| item.reactions.clone()).unwrap_or_default());
    let toggle = move |emoji: &str, mine: bool| {
        if let Some(id) = item.get_untracked().and_then(|item| item.message_id.clone()) {
            open.room.react(&id, emoji, mine);
        }
    };
    move || {
        let list = list.get();
        (!list.is_empty()).then(|| {
            let chips = list.into_iter().map(|tally| {
                let label = format!("{}, {}{}", tally.emoji, tally.count, if tally.mine { ", yours" } else { "" });
                let emoji = tally.emoji.clone();
                view! {
                    <button class="td-reaction" aria-label=label aria-pressed=tally.mine.to_string() on:click=move |_| toggle(&emoji, tally.mine)>
                        <span aria-hidden="true">{tally.emoji}</span>
                        <span aria-hidden="true">{tally.count}</span>
                    </button>
                }
            });
            view! { <div class="td-reactions">{chips.collect_view()}</div> }
        })
    }
}
