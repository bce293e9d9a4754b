//! The Tidings client for the browser.
//!
//! In the order of a command's way:
//!
//! - [`config`]: what a client is told once; credentials.
//! - [`client`]: the handle that apps hold.
//! - `driver`: the only caller of the session of `tidings-client-core`, by `socket` (a WebSocket), `page` (network and
//!   visibility), `storage` (what outlives a page load), `tabs` (the connection that pages of a user
//!   share), `auth` (the token) and `host` (clock, timers, randomness).
//! - [`http`]: requests to the HTTP interface.
//! - [`notifications`]: the notification stream and list.
//! - [`listeners`]: callbacks and their subscriptions.
//! - `js` (feature `js`): what JavaScript sees. `leptos` (feature `leptos`): the hooks.
//!
//! What is events, promises and objects of the browser stands in JavaScript, where it takes a few words and a few bytes:
//! `browser.js`, with `storage/outbox.js` and `tabs/tabs.js` for what is longer.

#![cfg_attr(all(feature = "lean", not(feature = "leptos"), target_family = "wasm"), no_std)]

extern crate alloc;

mod auth;
pub mod client;
pub mod config;
mod driver;
mod host;
pub mod http;
#[cfg(feature = "js")]
mod js;
#[cfg(feature = "leptos")]
pub mod leptos;
pub mod listeners;
pub mod notifications;
mod page;
mod socket;
mod storage;
mod tabs;
mod text;

pub use tidings_client_core::{
    ClosedBy, Duration, Entry, Event, Frame, Gap, GapReason, Instant, Kind, Refusal, RoomState, SendState,
    State, Status, Stored, Transport, Transports,
};
pub use tidings_protocol as protocol;

pub use client::Client;
pub use config::{Config, Credentials, TokenProvider};
pub use http::{Http, HttpError};
pub use listeners::Subscription;
pub use notifications::{NotificationClient, NotificationEvent, StreamEventKind, StreamState, StreamStatus};
