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
//! - [`limits`]: connection caps, rate buckets, the client's address behind proxies.
//!
//! Beside the way:
//!
//! - [`error`]: the one place that maps errors to frames and to problem+json.
//! - [`clock`], [`drain`], [`metrics`], [`telemetry`].

pub mod accept;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod drain;
pub mod error;
pub mod http;
pub mod limits;
pub mod metrics;
pub mod origin;
pub mod store;
pub mod telemetry;
