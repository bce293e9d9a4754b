//! How the connection stands.

use ::leptos::prelude::*;
use tidings_client_core::ClosedBy;
use tidings_client_core::{State, Status};

use super::hub::now;
use super::use_tidings::use_tidings;
use crate::host;

/// The connection as an app shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The state.
    pub state: State,
    /// When the next attempt is made, in milliseconds since 1970, while it is waited for.
    pub next_retry_at: Option<i64>,
    /// Whether the machine says that it has a network.
    pub online: bool,
    /// Why the client is closed.
    pub closed_by: Option<ClosedBy>,
    /// Whether what waits to be sent outlives the page.
    pub persistence: bool,
    /// Since when it has not been connected, in milliseconds since 1970.
    pub since: i64,
}

impl Link {
    pub(super) fn of(status: &Status) -> Self {
        Self {
            state: status.state,
            next_retry_at: status.next_retry_at.map(|at| host::to_epoch_ms(at) as i64),
            online: status.online,
            closed_by: status.closed_by,
            persistence: status.persistence,
            since: now(),
        }
    }

    /// With the moment kept at which the connection was lost.
    pub(super) const fn after(mut self, before: Self) -> Self {
        if !matches!(before.state, State::Connected) {
            self.since = before.since;
        }
        self
    }
}

/// What [`use_connection`] gives.
#[derive(Clone, Copy)]
pub struct UseConnection {
    /// How the connection stands.
    pub link: ReadSignal<Link>,
    /// How much waits to be sent or confirmed.
    pub waiting: ReadSignal<usize>,
    tidings: super::Tidings,
}

/// The connection and its state.
#[must_use]
pub fn use_connection() -> UseConnection {
    let tidings = use_tidings();
    let hub = tidings.hub();
    UseConnection { link: hub.link.read_only().into(), waiting: hub.waiting.read_only().into(), tidings }
}

impl UseConnection {
    /// Attempts to connect now in place of waiting.
    pub fn reconnect_now(&self) {
        let hub = self.tidings.hub();
        hub.client.reconnect_now();
        hub.notifications.reconnect_now();
    }
}
