//! The handle that everything else hangs on.

use std::rc::Rc;

use ::leptos::prelude::*;
use tidings_protocol::UserId;
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::http::UserPage;

use super::hub::{Hub, Incoming, Notice};
use super::people::People;
use crate::config::Config;
use crate::http::{HttpError, escape};

/// What the hooks share. `Copy`, and valid where [`provide_tidings`] was called and below.
#[derive(Clone, Copy)]
pub struct Tidings {
    pub(super) hub: StoredValue<Rc<Hub>, LocalStorage>,
    /// Names and presence of everybody that this client has heard of.
    pub people: ReadSignal<People>,
    /// The last live message of somebody else, wherever it came.
    pub incoming: ReadSignal<Option<Incoming>>,
    /// Something that the user is to be told once.
    pub notice: ReadSignal<Option<Notice>>,
}

/// Connects as `me`, and makes the hooks work for this component and those below. It ends with this component.
pub fn provide_tidings(mut config: Config, me: UserId) -> Tidings {
    // Named here, the outbox of an earlier page load is found before the first token is.
    config.user_id.get_or_insert_with(|| me.to_string());
    let hub = Hub::start(config, me);
    let tidings = Tidings {
        people: hub.people.read_only().into(),
        incoming: hub.incoming.read_only().into(),
        notice: hub.notice.read_only().into(),
        hub: StoredValue::new_local(hub),
    };
    provide_context(tidings);
    on_cleanup(move || tidings.hub.with_value(|hub| hub.stop(false)));
    tidings
}

/// The handle that [`provide_tidings`] provided.
///
/// # Panics
/// It was not called above.
#[must_use]
pub fn use_tidings() -> Tidings {
    expect_context()
}

impl Tidings {
    /// Who the user is.
    #[must_use]
    pub fn me(&self) -> UserId {
        self.hub.with_value(|hub| hub.me.clone())
    }

    /// Disconnects for good; with `forget`, what is unsent is dropped: for signing out.
    pub fn close(&self, forget: bool) {
        self.hub.with_value(|hub| hub.stop(forget));
    }

    /// What the others see of this user.
    pub fn presence(&self, status: OnlineStatus) {
        self.hub.with_value(|hub| hub.client.presence(status));
    }

    /// People whose id or name matches; all for an empty text.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong.
    pub async fn find_people(&self, text: &str) -> Result<Vec<tidings_protocol::entity::Person>, HttpError> {
        let hub = self.hub();
        let path = format!("/api/v1/users?limit=50&q={}", escape(text));
        let asked = hub.people.write_untracked().ask();
        let page: UserPage = hub.client.http().get_json(&path).await?;
        hub.people.update(|people| page.users.iter().for_each(|person| people.person_since(person, asked)));
        Ok(page.users)
    }

    pub(super) fn hub(&self) -> Rc<Hub> {
        self.hub.get_value()
    }
}
