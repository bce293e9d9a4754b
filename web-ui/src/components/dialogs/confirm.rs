//! A question before something that can't be undone.

use leptos::prelude::*;

use crate::components::ui::Confirm;

#[component]
pub(super) fn ConfirmBody(confirm: Confirm, close: Callback<()>) -> impl IntoView {
    let run = move |_| {
        close.run(());
        confirm.run.run(());
    };
    view! {
        <div class="td-dialog-body">
            <p>{confirm.text}</p>
            <div class="td-dialog-actions">
                <button class="td-button" on:click=move |_| close.run(())>"Cancel"</button>
                <button class="td-button" data-kind="danger" on:click=run>{confirm.action}</button>
            </div>
        </div>
    }
}
