//! The client in a real browser against real servers.
//!
//! `./x test-browser` runs them beside `e2e/support/control.js`, from which each test gets a server of its own that it
//! may kill and start again.

#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test waits for one event and skips all others")]

mod chat;
mod notifications;
mod outbox;
mod support;
mod transports;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
