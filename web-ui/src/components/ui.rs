//! What the components share: where the user is, what is open, what is to be told.

use std::collections::HashMap;

use leptos::prelude::*;
use tidings_protocol::{RoomId, UserId};

use super::browser;
use crate::realtime::Place;
use crate::state::announce::Announcer;
use crate::state::draft::{self, Draft};
use crate::state::route::Route;
use crate::state::toast::{STAY_MS, Toasts};

/// What stands above everything else.
#[derive(Clone, Debug)]
pub(super) enum Dialog {
    CreateRoom,
    BrowseRooms,
    NewMessage,
    Invite(RoomId),
    Shortcuts,
    Confirm(Confirm),
}

/// A question before something that can't be undone.
#[derive(Clone, Debug)]
pub(super) struct Confirm {
    pub title: String,
    pub text: String,
    pub action: &'static str,
    pub run: Callback<()>,
}

/// What the components share.
#[derive(Clone, Copy)]
pub(super) struct Ui {
    pub route: RwSignal<Route>,
    pub dialog: RwSignal<Option<Dialog>>,
    pub details: RwSignal<bool>,
    pub toasts: RwSignal<Toasts>,
    pub announcer: RwSignal<Announcer>,
    pub drafts: RwSignal<HashMap<String, Draft>>,
    pub visible: RwSignal<bool>,
    /// Now, as it was at most half a minute ago.
    pub minute: RwSignal<i64>,
    me: StoredValue<UserId>,
}

impl Ui {
    /// Makes it and provides it to those below.
    pub(super) fn provide(me: UserId) -> Self {
        let drafts = browser::stored_keys(&draft::prefix(me.as_str()));
        let drafts = drafts.into_iter().filter_map(|key| {
            let kept = Draft::decode(&browser::stored(&key)?);
            Some((key, kept))
        });
        let ui = Self {
            route: RwSignal::new(current_route()),
            dialog: RwSignal::new(None),
            details: RwSignal::new(browser::is_on_step()),
            toasts: RwSignal::default(),
            announcer: RwSignal::default(),
            drafts: RwSignal::new(drafts.collect()),
            visible: RwSignal::new(browser::is_visible()),
            minute: RwSignal::new(browser::now()),
            me: StoredValue::new(me),
        };
        provide_context(ui);
        ui
    }

    /// Who the user is.
    pub(super) fn me(&self) -> UserId {
        self.me.get_value()
    }

    /// Goes somewhere.
    pub(super) fn go(&self, route: &Route) {
        // The browser tells of the change, and that sets the signal.
        let _ = window().location().set_hash(&route.hash());
    }

    /// Opens or closes the details. Where they fill the screen they are a step of the history, for Back to leave.
    pub(super) fn show_details(&self, open: bool) {
        self.details.set(open);
        match (open, browser::is_on_step()) {
            (true, false) if browser::one_pane() => browser::push_step(),
            (false, true) => browser::back(),
            (true, _) | (false, false) => {}
        }
    }

    /// Shows a toast for a while.
    pub(super) fn toast(&self, title: impl Into<String>, text: impl Into<String>, error: bool) {
        let toasts = self.toasts;
        let id = toasts.try_update(|toasts| toasts.add(title, text, error)).unwrap_or_default();
        set_timeout(
            move || {
                toasts.try_update(|toasts| toasts.dismiss(id));
            },
            std::time::Duration::from_millis(STAY_MS.unsigned_abs().into()),
        );
    }

    /// The unsent text of a place.
    pub(super) fn draft(&self, place: &Place) -> Draft {
        let key = self.draft_key(place);
        self.drafts.with_untracked(|drafts| drafts.get(&key).cloned()).unwrap_or_default()
    }

    /// The unsent text of a place, followed.
    pub(super) fn draft_text(&self, place: &Place) -> Option<String> {
        let key = self.draft_key(place);
        self.drafts
            .with(|drafts| drafts.get(&key).map(|draft| draft.text.clone()))
            .filter(|text| !text.is_empty())
    }

    /// Keeps the unsent text of a place.
    pub(super) fn keep_draft(&self, place: &Place, draft: Draft) {
        let key = self.draft_key(place);
        if draft.is_empty() {
            browser::store(&key, None);
            self.drafts.update(|drafts| {
                drafts.remove(&key);
            });
        } else {
            browser::store(&key, Some(&draft.encode()));
            self.drafts.update(|drafts| {
                drafts.insert(key, draft);
            });
        }
    }

    /// Drops all unsent text: who signs out leaves nothing to read behind.
    pub(super) fn forget_drafts(&self) {
        let keys = self.me.with_value(|me| browser::stored_keys(&draft::prefix(me.as_str())));
        keys.iter().for_each(|key| browser::store(key, None));
        self.drafts.set(std::collections::HashMap::default());
    }

    fn draft_key(&self, place: &Place) -> String {
        let route = crate::realtime::route_of(place);
        self.me.with_value(|me| draft::key(me.as_str(), &route.hash()))
    }
}

/// What the components share.
pub(super) fn use_ui() -> Ui {
    expect_context()
}

/// What the address names now.
pub(super) fn current_route() -> Route {
    Route::parse(&window().location().hash().unwrap_or_default())
}
