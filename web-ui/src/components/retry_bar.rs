//! What did not come, beside what is there, and the way to ask for it again.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// The line. `what` is a sentence without its full stop.
#[component]
pub(super) fn RetryBar(what: &'static str, why: String, again: Callback<()>) -> impl IntoView {
    view! {
        <div class="td-retry" role="alert">
            <Glyph icon=Icon::Alert size="small" />
            <p class="td-retry-text">{format!("{what}: {why}.")}</p>
            <button class="td-button" data-size="small" on:click=move |_| again.run(())>"Retry"</button>
        </div>
    }
}
