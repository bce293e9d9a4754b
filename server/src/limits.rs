//! Bounds: how many may connect ([`connections`]), how fast one session may speak ([`rate`]), and whose address
//! counts ([`client`]).

pub mod client;
pub mod connections;
pub mod rate;

pub use self::client::{Client, Peer, TrustedProxies};
pub use self::connections::{Connections, Permit};
pub use self::rate::{RateLimits, SessionRate, Strikes};
