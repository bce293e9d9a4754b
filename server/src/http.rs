//! HTTP: the router on one screen ([`router`]), what every request passes through, and one file per resource.
//!
//! - [`context`]: who sent the request, its id, its line in the log; a panic ends one request, not more.
//! - [`security`]: headers that every answer has, and CORS. [`body`]: how much may come, and how slowly.
//! - [`throttle`]: how fast it may come without a token.
//! - [`admin`] (on the metrics listener alone), [`assets`], [`auth`], [`health`], [`internal`], [`openapi`]: resources.
//! - [`websocket`], [`notification_stream`], [`realtime`]: the transports, which turn bytes into frames and back.
//! - [`rest`]: the REST resources: [`rooms`], [`members`], [`history`], [`log`], [`search`], [`users`],
//!   [`notifications`]; what they read with: [`json`], [`page`], [`path`].

pub mod admin;
pub mod assets;
pub mod auth;
pub mod body;
pub mod context;
pub mod health;
pub mod history;
pub mod internal;
pub mod json;
pub mod log;
pub mod members;
pub mod notification_stream;
pub mod notifications;
pub mod openapi;
pub mod page;
pub mod path;
pub mod realtime;
pub mod rest;
pub mod rooms;
pub mod router;
pub mod search;
pub mod security;
pub mod state;
pub mod throttle;
pub mod users;
pub mod websocket;

pub use self::state::HttpState;
