//! The messages of the open room: a list that never moves under the reader's eyes.

mod blank;
mod keys;
mod scroller;

use std::sync::Arc;

use leptos::prelude::*;

use super::browser;
use super::icon::{Glyph, Icon};
use super::message::Message;
use super::retry_bar::RetryBar;
use super::room::{OpenRoom, use_open_room};
use super::ui::use_ui;
use crate::realtime::{Page, Place, use_rooms};
use crate::state::badge;
use crate::state::follow::{FETCH_PX, Follow};
use crate::state::group::{Layout, Line, Row, layout};
use blank::{Beginning, Bones, Waiting};
use scroller::{Scroller, Target};

/// One row of the list, older and newer pages that are on their way included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Shown {
    Older,
    Row(Row),
    Newer,
}

/// The list with its pills.
#[component]
pub(super) fn TimelineView(place: Place) -> impl IntoView {
    let ui = use_ui();
    let open = use_open_room();
    let room = open.room;
    let me = ui.me();
    let layout = Memo::new(move |_| lay_out(open, me.as_str()));
    let follow = RwSignal::new(Follow::default());
    let scroller = Scroller::new(follow, room);
    provide_context(Jump { scroller, layout, open });
    follow_arrivals(open, follow, scroller);
    mark_read(place, open, follow);
    let rows = move || {
        let rows = layout.with(|layout| layout.rows.iter().cloned().map(Shown::Row).collect::<Vec<_>>());
        let (loaded, older, newer) = room.timeline.with(|t| (t.loaded(), t.has_older(), t.has_newer()));
        let unread = layout.with_untracked(|layout| layout.first_unread.is_some());
        // The list is changed right after this, so where the reader is has to be noted now.
        scroller.before_change(loaded, unread);
        let before = older.then_some(Shown::Older);
        let after = newer.then_some(Shown::Newer);
        before.into_iter().chain(rows).chain(after).collect::<Vec<_>>()
    };
    let on_scroll = move |_| {
        let Some(at) = scroller.measure() else { return };
        // What has failed is asked for by its button: scrolling would ask many times a second.
        let failed = room.error.with_untracked(|error| error.as_ref().map(|error| error.page));
        if at.above < FETCH_PX && failed != Some(Page::Older) {
            room.load_older();
        }
        if at.below < FETCH_PX && failed != Some(Page::Newer) {
            room.load_newer();
        }
    };
    let label = move || {
        if open.direct {
            format!("Messages with {}", open.name.get())
        } else {
            format!("Messages in #{}", open.name.get())
        }
    };
    let loaded = Memo::new(move |_| room.timeline.with(|t| t.loaded()));
    let empty = Memo::new(move |_| room.timeline.with(|t| t.loaded() && t.items().next().is_none()));
    view! {
        <div class="td-timeline">
            <div class="td-timeline-view">
                <UnreadPill layout=layout scroller=scroller />
                <div
                    node_ref=scroller.outer
                    class="td-scroll"
                    role="log"
                    aria-live="off"
                    aria-label=label
                    tabindex=move || empty.get().then_some("0")
                    on:scroll=on_scroll
                    on:keydown=move |event| keys::pressed(&event, open, layout)
                >
                    <div class="td-scroll-inner" node_ref=scroller.inner>
                        {move || (!loaded.get()).then(|| view! { <Waiting /> })}
                        {move || empty.get().then(|| view! { <Beginning /> })}
                        <ol class="td-messages">
                            <For each=rows key=Clone::clone let:row>
                                {match row {
                                    Shown::Older => view! { <Bones /> }.into_any(),
                                    Shown::Newer => view! { <Bones /> }.into_any(),
                                    Shown::Row(Row::Day(day)) => view! { <li class="td-day"><span>{browser::day_name(day)}</span></li> }.into_any(),
                                    Shown::Row(Row::Unread) => view! { <UnreadDivider /> }.into_any(),
                                    Shown::Row(Row::Message(key)) => view! { <Message key=key layout=layout /> }.into_any(),
                                }}
                            </For>
                        </ol>
                    </div>
                </div>
                {move || follow.get().pill().filter(|_| !empty.get() && loaded.get()).map(|text| view! {
                    <button class="td-pill td-pill-latest" on:click=move |_| to_latest(open, scroller)>
                        <Glyph icon=Icon::Chevron size="small" />{text}
                    </button>
                })}
            </div>
            {move || room.error.get().filter(|_| loaded.get()).map(|error| {
                let what = match error.page {
                    Page::Older => "Older messages did not come",
                    Page::Latest | Page::Around(_) | Page::Newer => "Newer messages did not come",
                };
                view! { <RetryBar what=what why=error.why again=Callback::new(move |()| room.load_again()) /> }
            })}
        </div>
    }
}

/// Goes to a message, wherever it is.
#[derive(Clone, Copy)]
pub(super) struct Jump {
    scroller: Scroller,
    layout: Memo<Layout>,
    open: OpenRoom,
}

impl Jump {
    /// Shows a message of the window and lets it shine for a moment.
    pub(super) fn to(&self, key: &Arc<str>) {
        self.scroller.show(Target::Message(key.clone()));
        let found = self.open.found;
        found.set(Some(key.clone()));
        let key = key.clone();
        set_timeout(
            move || {
                if found.try_get_untracked().flatten().is_some_and(|now| now == key) {
                    found.set(None);
                }
            },
            std::time::Duration::from_millis(1_600),
        );
    }

    /// Puts the keyboard's cursor on the first unread message, or into the field.
    fn focus_first_unread(&self) {
        if let Some(key) = self.layout.with_untracked(|layout| layout.first_unread.clone()) {
            keys::focus_message(self.open, &key);
        }
    }
}

fn lay_out(open: OpenRoom, me: &str) -> Layout {
    // Where the window begins after the place of the divider, the divider is not in it.
    let begins = open.room.timeline.with(|t| t.first_seq().filter(|_| t.has_older()).unwrap_or(0));
    let unread_after = open.room.unread_after.get().filter(|after| begins <= after + 1);
    let lines: Vec<Line> = open.room.timeline.with(|timeline| {
        let line = |item: &Arc<crate::realtime::ChatItem>| Line {
            key: item.key.clone(),
            sender: Arc::from(item.sender_id.as_str()),
            mine: item.sender_id.as_str() == me,
            at: item.at,
            seq: item.seq,
        };
        timeline.items().map(line).collect()
    });
    // The zone's offset changes at full hours only, and asking the browser costs.
    let last = std::cell::Cell::new((i64::MIN, 0));
    layout(&lines, unread_after, |at| {
        let hour = at.div_euclid(3_600_000);
        if last.get().0 != hour {
            last.set((hour, browser::offset_minutes(at)));
        }
        last.get().1
    })
}

fn to_latest(open: OpenRoom, scroller: Scroller) {
    if open.room.timeline.with_untracked(|t| t.has_newer()) {
        scroller.await_target(Target::End);
        open.room.load_latest();
    } else {
        scroller.show(Target::End);
    }
    if let Some(field) = open.composer.get_untracked() {
        let _ = field.focus();
    }
}

fn follow_arrivals(open: OpenRoom, follow: RwSignal<Follow>, scroller: Scroller) {
    Effect::new(move |before: Option<(u64, u64)>| {
        let now = open.room.arrivals.with(|arrivals| (arrivals.theirs, arrivals.mine));
        let Some(before) = before else { return now };
        if now.1 > before.1 {
            to_latest_quietly(open, scroller);
        }
        let theirs = now.0 - before.0;
        if theirs > 0 {
            follow.update(|follow| {
                follow.arrived(theirs, false);
            });
        }
        now
    });
}

/// An own message is always shown.
fn to_latest_quietly(open: OpenRoom, scroller: Scroller) {
    if open.room.timeline.with_untracked(|t| t.has_newer()) {
        scroller.await_target(Target::End);
        open.room.load_latest();
    } else {
        scroller.show(Target::End);
    }
}

/// Read is what somebody can have seen: the page is visible and the end in view.
fn mark_read(place: Place, open: OpenRoom, follow: RwSignal<Follow>) {
    let ui = use_ui();
    let rooms = use_rooms().rooms;
    Effect::new(move |_| {
        let seen = ui.visible.get() && follow.get().at_end();
        let (loaded, last) = open.room.timeline.with(|t| (t.loaded() && !t.has_newer(), t.last_seq()));
        let row = rooms.with(|rooms| rooms.get(&place));
        if let (true, true, Some(last), Some(row)) = (seen, loaded, last, row)
            && (row.unread > 0 || row.read_seq < last)
        {
            open.room.mark_read(last.max(row.last.as_ref().map_or(0, |last| last.seq)));
        }
    });
}

#[component]
fn UnreadPill(layout: Memo<Layout>, scroller: Scroller) -> impl IntoView {
    let open = use_open_room();
    let jump = expect_context::<Jump>();
    let room = open.room;
    let wanted = Memo::new(move |_| {
        let after = room.unread_after.get()?;
        let outside = layout.with(|layout| layout.first_unread.is_none());
        let loaded = room.timeline.with(|t| t.loaded());
        (loaded && !scroller.divider_seen.get() && (outside || scroller.divider_above.get())).then_some(after)
    });
    let go = move |_| {
        let Some(after) = wanted.get_untracked() else { return };
        let inside = layout.with_untracked(|layout| layout.first_unread.is_some());
        if inside {
            scroller.show(Target::Unread);
            jump.focus_first_unread();
        } else {
            scroller.await_target(Target::Unread);
            room.load_around(after);
        }
    };
    let dismiss = move |_| {
        let last = room.timeline.with_untracked(|t| t.last_seq());
        if let Some(last) = last {
            room.mark_read(last);
        }
        room.forget_unread();
    };
    move || {
        wanted.get().map(|_| {
            view! {
                <div class="td-pill td-pill-unread">
                    <button class="td-pill-main" on:click=go>
                        <Glyph icon=Icon::Chevron size="small" />{format!("{} unread", badge::count(open.unread))}
                    </button>
                    <button class="td-pill-close" aria-label="Mark as read" on:click=dismiss><Glyph icon=Icon::Close size="small" /></button>
                </div>
            }
        })
    }
}

#[component]
fn UnreadDivider() -> impl IntoView {
    let unread = use_open_room().unread;
    view! { <li class="td-unread"><span>{format!("{} new", badge::count(unread))}</span></li> }
}
