//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use tidings_protocol::ClientSession;

use super::assets::Assets;
use crate::auth::{Authenticated, Authenticator};
use crate::connection::{SessionServices, SessionSettings};
use crate::drain::Drain;
use crate::error::Error;
use crate::http::realtime::clients::Clients;
use crate::limits::{Connections, Permit, RateLimits, Throttle};
use crate::metrics::Metrics;
use crate::node::Node;
use crate::origin::Policy;

/// What handlers share. Cheap to clone.
#[derive(Clone, Debug, FromRef)]
pub struct HttpState {
    /// The node.
    pub node: Arc<Node>,
    /// Checks tokens, makes tickets.
    pub auth: Arc<Authenticator>,
    /// Which pages may connect.
    pub policy: Arc<Policy>,
    /// How many may connect.
    pub connections: Connections,
    /// How fast a session may speak.
    pub rates: RateLimits,
    /// How fast plain requests may come.
    pub throttle: Arc<Throttle>,
    /// What a session is set to.
    pub session: Arc<SessionSettings>,
    /// The app's files.
    pub assets: Arc<Assets>,
    /// Client sessions that use the fallback.
    pub clients: Clients,
    /// The way out.
    pub drain: Drain,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl HttpState {
    /// Lets a session of the caller in. One that replaces an older one of its client session, which may be as good as dead,
    /// needs no place of its own.
    ///
    /// # Errors
    /// The user or the address has as many as it may.
    pub fn admit(&self, caller: &Authenticated, client: Option<&ClientSession>) -> Result<Permit, Error> {
        let user = &caller.principal.user_id;
        let replaces = client.is_some_and(|client| self.node.hub().has_client(user, client));
        let admitted = self.connections.admit_session(user, &caller.client, replaces);
        admitted.inspect_err(|refused| self.metrics.refused(*refused)).map_err(Error::from)
    }

    /// What a session needs.
    #[must_use]
    pub fn services(&self) -> SessionServices {
        SessionServices { node: Arc::clone(&self.node), auth: Arc::clone(&self.auth) }
    }
}
