//! The only place that composes: settings in, a running server out.
//!
//! [`App::build`] opens the store and puts the parts together, [`App::run`] serves until it is told to stop and
//! then drains. [`command`] is what the command line does with it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout_at};

use crate::accept::{Door, Gate};
use crate::auth::Authenticator;
use crate::broker::Broker;
use crate::clock::Clock;
use crate::config::Config;
use crate::connection::SessionSettings;
use crate::drain::Drain;
use crate::http::body::BodyLimits;
use crate::http::context::Context;
use crate::http::realtime::clients::Clients;
use crate::http::security::Security;
use crate::http::{HttpState, assets, router};
use crate::limits::{Connections, RateLimits, Throttle, TrustedProxies};
use crate::metrics::Metrics;
use crate::node::{Node, NodeSettings};
use crate::origin::Policy;
use crate::store::Store;

mod cluster;
pub mod command;
mod log;
mod sole;

use self::cluster::Registering;
pub use self::command::StartError;
use self::log::Log;
use self::sole::{Sole, With};

/// Connections to the metrics listener, which is for a scraper or two.
const PRIVATE_CONNECTIONS: u32 = 64;
/// Of the drain's time, this much is kept for closing the store and leaving.
const LAST_STEPS: Duration = Duration::from_secs(1);
/// When all is answered, connections get this long to take the last bytes.
const LAST_BYTES: Duration = Duration::from_millis(500);

/// What an app stands on; tests bring their own.
pub struct Parts {
    /// The log.
    pub store: Arc<dyn Store>,
    /// How nodes hear of each other.
    pub broker: Arc<dyn Broker>,
    /// The time of day.
    pub clock: Clock,
}

/// A server, put together.
pub struct App {
    public: Router,
    private: Router,
    gate: Gate,
    private_gate: Gate,
    node: Arc<Node>,
    auth: Arc<Authenticator>,
    drain: Drain,
    drain_grace: Duration,
    registering: Option<Registering>,
    log: Option<Log>,
    /// Held as long as the log is open.
    sole: Option<Sole>,
}

impl App {
    /// Opens the store that the settings name and puts the parts together.
    ///
    /// # Errors
    /// A key, the store or a setting does not do.
    pub async fn build(config: &Config) -> Result<Self, StartError> {
        let clock = Clock::system();
        let auth = authenticator(config, &clock).await?;
        let with = if config.broker.redis_url.is_some() { With::Nodes } else { With::Nobody };
        let sole = Sole::default().take(&config.store, with)?;
        let log = Log::open(&config.store).await?;
        let sole = sole.take(&config.store, with)?;
        let store = log.store();
        let broker = cluster::broker(&config.broker, &store.epoch().await?).await?;
        let parts = Parts { store, broker, clock };
        let app = Self::assemble(config, parts, auth).await?;
        Ok(Self { log: Some(log), sole: Some(sole), ..app })
    }

    /// Puts the parts together.
    ///
    /// # Errors
    /// A key or a setting does not do, or the store does not answer.
    pub async fn with(config: &Config, parts: Parts) -> Result<Self, StartError> {
        let auth = authenticator(config, &parts.clock).await?;
        Self::assemble(config, parts, auth).await
    }

    async fn assemble(config: &Config, parts: Parts, mut auth: Authenticator) -> Result<Self, StartError> {
        let Parts { store, broker, clock } = parts;
        auth.sign_tickets_by(&store.ticket_secret().await?);
        let metrics = Arc::new(Metrics::new());
        let drain = Drain::new(config.drain.drain_spread);
        let auth = Arc::new(auth);
        let revocations = Arc::clone(auth.revocations());
        let settings = node_settings(config);
        let node = Node::start(store, broker, clock, settings, revocations, Arc::clone(&metrics)).await?;
        let registering = Registering::begin(&config.broker, &node)?;
        let connections = Connections::new(&config.limits);
        let trusted = Arc::new(TrustedProxies::new(config.listen.trusted_proxies.clone()));
        let state = HttpState {
            node: Arc::clone(&node),
            auth: Arc::clone(&auth),
            policy: Arc::new(Policy::new(config.origins.allowed_origins.clone())),
            connections: connections.clone(),
            rates: RateLimits::new(&config.limits),
            throttle: Arc::new(Throttle::new(&config.limits)),
            session: Arc::new(session_settings(config)),
            assets: Arc::new(assets::Assets::default()),
            clients: Clients::default(),
            drain: drain.clone(),
            metrics: Arc::clone(&metrics),
        };
        let context = Context {
            trusted: Arc::clone(&trusted),
            metrics: Arc::clone(&metrics),
            security: Security::new(config.auth.dev),
        };
        let bodies =
            BodyLimits { max_bytes: config.limits.max_body_bytes, timeout: config.listen.body_timeout };
        let gate = |connections| {
            Gate::new(&config.listen, connections, Arc::clone(&trusted), Arc::clone(&metrics), drain.clone())
        };
        Ok(Self {
            public: router::public(state.clone(), context.clone(), bodies),
            private: router::private(state, context, bodies),
            gate: gate(connections),
            private_gate: gate(Connections::at_most(PRIVATE_CONNECTIONS)),
            node,
            auth,
            drain,
            drain_grace: config.drain.drain_grace,
            registering,
            log: None,
            sole: None,
        })
    }

    /// Serves until `stop` is there, then drains and returns.
    pub async fn run(
        self,
        public: impl Into<Door>,
        private: Option<TcpListener>,
        stop: impl Future<Output = ()>,
    ) {
        // Who has connected since the socket was bound waits in its queue until here.
        self.drain.ready();
        let serving = tokio::spawn({
            let (gate, router, door) = (self.gate.clone(), self.public.clone(), public.into());
            async move { gate.serve(door, router).await }
        });
        let metrics = private.map(|listener| {
            let (gate, router) = (self.private_gate.clone(), self.private.clone());
            tokio::spawn(async move { gate.serve(listener.into(), router).await })
        });
        let keys = tokio::spawn({
            let auth = Arc::clone(&self.auth);
            async move { auth.keep_keys_fresh().await }
        });
        stop.await;
        self.leave().await;
        for task in [Some(serving), metrics, Some(keys)].into_iter().flatten() {
            task.abort();
        }
    }

    /// The way out: everybody is told, everything accepted is answered, the log is closed.
    async fn leave(self) {
        let began = Instant::now();
        let answered_by = began + self.drain_grace.saturating_sub(LAST_STEPS).max(self.drain_grace / 2);
        tracing::info!(sessions = self.drain.sessions(), "draining");
        self.drain.begin();
        self.node.say_goodbye(|| self.drain.turn());
        let answered = async { tokio::join!(self.drain.all_gone(), self.gate.answered()) };
        if timeout_at(answered_by, answered).await.is_err() {
            tracing::warn!(sessions = self.drain.sessions(), "not all sessions went in time");
        }
        self.gate.stop();
        let flushed_by = began + self.drain_grace;
        let unregistered = async {
            if let Some(registering) = self.registering {
                registering.end().await;
            }
        };
        let flushed = async { tokio::join!(self.node.flush(), unregistered) };
        if timeout_at(flushed_by, flushed).await.is_err() {
            tracing::warn!("the last writes did not end in time");
        }
        let last_bytes = flushed_by.min(Instant::now() + LAST_BYTES);
        // Who has not taken its last bytes by then is closed with the process.
        let _ = timeout_at(last_bytes, self.gate.closed()).await;
        if let Some(log) = &self.log
            && timeout_at(flushed_by.max(Instant::now() + LAST_BYTES), log.close()).await.is_err()
        {
            tracing::warn!("the log was not closed in time; it is whole all the same");
        }
        drop(self.sole);
        tracing::info!(ms = began.elapsed().as_millis(), "drained");
    }
}

/// Keys come first: without them nothing else is worth opening.
async fn authenticator(config: &Config, clock: &Clock) -> Result<Authenticator, StartError> {
    let used = cluster::used_tickets(&config.broker)?;
    Ok(Authenticator::new(&config.auth, clock.clone(), used).await?)
}

fn node_settings(config: &Config) -> NodeSettings {
    NodeSettings {
        node_id: config.broker.node_id.clone().unwrap_or_else(crate::node::new_uuid),
        presence_grace: config.session.presence_grace,
        presence_lease: config.broker.presence_lease,
        position_tick: config.broker.position_tick,
        max_content_bytes: config.limits.max_content_bytes,
        replay_limit: config.limits.replay_limit,
        notification_retention: config.notifications.notification_retention,
    }
}

fn session_settings(config: &Config) -> SessionSettings {
    SessionSettings {
        heartbeat: config.session.heartbeat,
        outbox_bytes: config.limits.outbox_bytes,
        frames_per_second: config.limits.max_frames_per_second.get(),
        frame_burst: config.limits.frame_burst.get(),
        max_frame_bytes: config.limits.max_frame_bytes,
    }
}
