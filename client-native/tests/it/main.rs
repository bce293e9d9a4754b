//! The driver against a server that the test plays itself, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a test may fail by a panic")]

mod connecting;
mod peer;
mod polls;
mod rooms;
mod sending;
