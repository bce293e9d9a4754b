//! The dialogs: one at a time, by what `Ui::dialog` says.

mod browse_rooms;
mod confirm;
mod create_room;
mod find_people;
mod shortcuts;

use leptos::prelude::*;

use super::modal::Modal;
use super::ui::{Dialog, use_ui};
use browse_rooms::BrowseRooms;
use confirm::ConfirmBody;
use create_room::CreateRoom;
use find_people::{FindPeople, Purpose};
use shortcuts::Shortcuts;

/// The dialog that is open, if one is.
#[component]
pub(super) fn Dialogs() -> impl IntoView {
    let ui = use_ui();
    let close = Callback::new(move |()| ui.dialog.set(None));
    move || {
        let dialog = ui.dialog.get()?;
        let title = match &dialog {
            Dialog::CreateRoom => "New room".to_owned(),
            Dialog::BrowseRooms => "Public rooms".to_owned(),
            Dialog::NewMessage => "New message".to_owned(),
            Dialog::Invite(_) => "Add people".to_owned(),
            Dialog::Shortcuts => "Keyboard shortcuts".to_owned(),
            Dialog::Confirm(confirm) => confirm.title.clone(),
        };
        let body = match dialog {
            Dialog::CreateRoom => view! { <CreateRoom close=close /> }.into_any(),
            Dialog::BrowseRooms => view! { <BrowseRooms close=close /> }.into_any(),
            Dialog::NewMessage => view! { <FindPeople purpose=Purpose::Write close=close /> }.into_any(),
            Dialog::Invite(room) => {
                view! { <FindPeople purpose=Purpose::Invite(room) close=close /> }.into_any()
            }
            Dialog::Shortcuts => view! { <Shortcuts /> }.into_any(),
            Dialog::Confirm(confirm) => view! { <ConfirmBody confirm=confirm close=close /> }.into_any(),
        };
        Some(view! { <Modal title=title on_close=close>{body}</Modal> })
    }
}
