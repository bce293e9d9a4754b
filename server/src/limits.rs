//! Bounds: how many may connect ([`connections`], `arrivals`), how fast one session may speak ([`rate`]), how fast plain
//! requests may come ([`throttle`], [`bucket`]), and whose address counts ([`client`]).

mod arrivals;
pub mod bucket;
pub mod client;
pub mod connections;
pub mod rate;
pub mod throttle;

pub use self::client::{Client, Peer, TrustedProxies};
pub use self::connections::{Connections, Permit};
pub use self::rate::{RateLimits, SessionRate, Strikes};
pub use self::throttle::{Class, Throttle};
