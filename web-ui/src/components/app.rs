//! Signed out or signed in.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::browser;
use super::shell::Shell;
use super::sign_in::SignIn;
use crate::realtime::{Session, SignInError, sign_in_by_name};
use crate::state::route::query;

/// How the user stands with the app.
#[derive(Clone, Debug)]
pub(super) enum Gate {
    /// Asked for a name; what went wrong the last time, if anything.
    Out(Option<SignInError>),
    /// A name is being signed in.
    Trying,
    /// Signed in.
    In(Session),
}

/// The app. `/?as=ann` signs in at once, and so does a reload of a tab that has signed in.
#[component]
pub fn App() -> impl IntoView {
    let gate = RwSignal::new_local(Gate::Out(None));
    let name = query(&window().location().search().unwrap_or_default(), "as").or_else(browser::tab_name);
    if let Some(name) = name {
        try_name(gate, name);
    }
    let sign_out = Callback::new(move |()| {
        browser::set_tab_name(None);
        // Without its query the address does not sign in again.
        let _ = window().location().replace("/");
    });
    move || {
        match gate.get() {
        Gate::In(session) => view! { <Shell session=session sign_out=sign_out /> }.into_any(),
        Gate::Trying => view! {
            <main class="td-gate">
                <p class="td-late td-gate-wait" role="status"><span class="td-spinner"></span>"Signing in…"</p>
            </main>
        }
        .into_any(),
        Gate::Out(error) => view! { <SignIn gate=gate error=error /> }.into_any(),
    }
    }
}

/// Signs in by a name and remembers it for this tab.
pub(super) fn try_name(gate: RwSignal<Gate, LocalStorage>, name: String) {
    gate.set(Gate::Trying);
    spawn_local(async move {
        gate.set(match sign_in_by_name(&name).await {
            Ok(session) => {
                browser::set_tab_name(Some(&name));
                Gate::In(session)
            }
            Err(error) => Gate::Out(Some(error)),
        });
    });
}
