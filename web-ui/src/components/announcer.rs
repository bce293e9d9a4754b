//! What a screen reader hears of what arrives. The visible list is silent; this outlet speaks.

use std::time::Duration;

use leptos::prelude::*;

use super::browser;
use super::ui::use_ui;

/// A sentence stays this long, in milliseconds: gone sooner, some readers never say it.
const STAY: Duration = Duration::from_secs(7);

/// The outlet.
#[component]
pub(super) fn Announcements() -> impl IntoView {
    let ui = use_ui();
    let said = RwSignal::new(String::new());
    Effect::new(move |_| {
        let Some(due) = ui.announcer.with(|announcer| announcer.due_at()) else { return };
        let wait = u64::try_from(due.saturating_sub(browser::now())).unwrap_or_default();
        let say = move || {
            let text = ui.announcer.try_update_untracked(|announcer| announcer.say(browser::now())).flatten();
            if let Some(text) = text {
                said.set(text.clone());
                set_timeout(
                    move || {
                        if said.try_get_untracked().is_some_and(|now| now == text) {
                            said.set(String::new());
                        }
                    },
                    STAY,
                );
            }
        };
        set_timeout(say, Duration::from_millis(wait.max(100)));
    });
    view! { <div class="td-hidden" aria-live="polite" aria-atomic="true">{said}</div> }
}
