//! The Tidings server, as a map in the order of the flow.
//!
//! Start:
//!
//! - [`cli`]: the command line; [`config`]: every setting, one struct per concern.
//! - [`app`]: the only place that composes; [`accept`]: the accept loop with its timeouts and caps.
//!
//! A frame's way:
//!
//! - [`http`]: the router, the transports, one file per resource.
//! - [`auth`] and [`origin`]: who is asking, and from which page; checked before an upgrade.
//! - [`revocation`]: whose word counts no more.
//! - [`limits`]: connection caps, rate buckets, the client's address behind proxies.
//!
//! - [`connection`]: one session: positions, catch-up, deadlines; [`command`]: what a client may ask for.
//! - [`node`]: store, then broker; [`store`]: the durable log; [`broker`]: what hurries an event to every node.
//! - [`fanout`]: from the broker to the [`hub`], which hands one encoded frame ([`frames`]) to each [`outbox`].
//! - [`presence`] and [`typing`]: what is told while it lasts.
//!
//! Beside the way:
//!
//! - [`error`]: the one place that maps errors to frames and to problem+json.
//! - [`guarded`]: a connection that cannot be held open by taking nothing; [`wake`]: what woke a task.
//! - [`clock`], [`drain`], [`metrics`], [`random`], [`telemetry`].

pub mod accept;
pub mod app;
pub mod auth;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod command;
pub mod config;
pub mod connection;
pub mod drain;
pub mod error;
pub mod fanout;
pub mod frames;
pub mod guarded;
pub mod http;
pub mod hub;
pub mod lend;
pub mod limits;
pub mod metrics;
pub mod node;
pub mod origin;
pub mod outbox;
pub mod presence;
pub mod random;
pub mod revocation;
pub mod store;
pub mod telemetry;
pub mod typing;
pub mod wake;
pub mod wire;
