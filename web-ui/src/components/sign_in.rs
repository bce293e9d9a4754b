//! The way in: a name for a development server, a token for any other.

use leptos::prelude::*;

use super::app::{Gate, try_name};
use super::icon::{Glyph, Icon};
use crate::realtime::{SignInError, sign_in_by_token};

/// The sign-in page.
#[component]
pub(super) fn SignIn(gate: RwSignal<Gate, LocalStorage>, error: Option<SignInError>) -> impl IntoView {
    let by_token = RwSignal::new(error == Some(SignInError::TokensOnly));
    let text = RwSignal::new(String::new());
    let message = error.map(|error| match error {
        SignInError::Name(why) => format!("A name {why}."),
        SignInError::TokensOnly => "This server signs in by access token.".to_owned(),
        SignInError::Token => "This is not an access token that names a user.".to_owned(),
        SignInError::Other(why) => format!("Signing in did not work: {why}."),
    });
    let invalid = message.is_some();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let value = text.get_untracked().trim().to_owned();
        if value.is_empty() {
            return;
        }
        if by_token.get_untracked() {
            gate.set(sign_in_by_token(&value).map_or_else(|error| Gate::Out(Some(error)), Gate::In));
        } else {
            try_name(gate, value);
        }
    };
    let label = move || if by_token.get() { "Access token" } else { "Your name" };
    view! {
        <main class="td-gate">
            <form class="td-gate-card" on:submit=submit>
                <span class="td-gate-mark"><Glyph icon=Icon::Message size="large" /></span>
                <h1 class="td-gate-title">"Welcome to Tidings"</h1>
                <p class="td-gate-lead">"Chat and notifications that arrive, even when the network does not cooperate."</p>
                <div class="td-field">
                    <label class="td-label" for="td-sign-in">{label}</label>
                    <input
                        id="td-sign-in"
                        class="td-input"
                        type=move || if by_token.get() { "password" } else { "text" }
                        autocomplete=move || if by_token.get() { "off" } else { "username" }
                        autocapitalize="none"
                        spellcheck="false"
                        required
                        autofocus
                        aria-invalid=invalid.then_some("true")
                        aria-describedby=invalid.then_some("td-sign-in-error")
                        prop:value=move || text.get()
                        on:input=move |event| text.set(event_target_value(&event))
                    />
                    {message.map(|message| view! { <p id="td-sign-in-error" class="td-error" role="alert">{message}</p> })}
                </div>
                <button class="td-button" data-kind="primary" type="submit">"Sign in"</button>
                <button class="td-button" data-kind="quiet" type="button" on:click=move |_| by_token.update(|on| *on = !*on)>
                    {move || if by_token.get() { "Use a name" } else { "Use an access token" }}
                </button>
            </form>
        </main>
    }
}
