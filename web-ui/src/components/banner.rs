//! The connection banner.

use std::time::Duration;

use leptos::prelude::*;

use super::browser;
use super::icon::{Glyph, Icon};
use crate::realtime::{ClosedBy, banner_link, use_connection, use_rooms};
use crate::state::banner::{AT_RISK, Banner, Link, is_at_risk};

/// Says that the connection is gone, and when it will be tried again.
#[component]
pub(super) fn ConnectionBanner() -> impl IntoView {
    let connection = use_connection();
    let rooms = use_rooms().rooms;
    let now = RwSignal::new(browser::now());
    // A clock only while it is needed.
    Effect::new(move |last: Option<Option<IntervalHandle>>| {
        if let Some(Some(handle)) = last {
            handle.clear();
        }
        now.set(browser::now());
        if banner_link(&connection.link.get()) == Link::Fine {
            return None;
        }
        set_interval_with_handle(move || now.set(browser::now()), Duration::from_millis(250)).ok()
    });
    let banner = Memo::new(move |_| {
        let link = connection.link.get();
        Banner::of(banner_link(&link), link.since, now.get())
    });
    let text = move || {
        let closed_by = connection.link.get().closed_by;
        match (banner.get(), closed_by) {
            (Some(Banner::Closed), Some(ClosedBy::Replaced)) => {
                "This page was taken over by another one.".to_owned()
            }
            (Some(Banner::Closed), Some(ClosedBy::Unauthenticated)) => {
                "Your sign-in has ended. Reload the page to sign in again.".to_owned()
            }
            (Some(banner), _) => banner.text(),
            (None, _) => String::new(),
        }
    };
    let at_risk = Memo::new(move |_| {
        let link = connection.link.get();
        let refused = rooms.with(|rooms| rooms.refused());
        is_at_risk(banner_link(&link), link.persistence, connection.waiting.get(), refused)
    });
    view! {
        <div class="td-banner-slot" role="status">
            {move || banner.get().map(|shown| view! {
                <div class="td-banner">
                    {if shown == Banner::Connecting {
                        view! { <span class="td-spinner"></span> }.into_any()
                    } else {
                        view! { <Glyph icon=Icon::Wifi /> }.into_any()
                    }}
                    <span class="td-banner-text">{text}</span>
                    {shown.can_retry().then(|| view! {
                        <button class="td-button" data-size="small" on:click=move |_| connection.reconnect_now()>"Retry now"</button>
                    })}
                </div>
            })}
            {move || at_risk.get().then(|| view! { <p class="td-banner-note">{AT_RISK}</p> })}
        </div>
    }
}
