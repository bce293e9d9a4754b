//! What a client does, told as scenarios: natively and in wasm from one source.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "a scenario may fail by a panic")]

#[cfg(target_arch = "wasm32")]
pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

mod connecting;
mod harness;
mod heartbeat;
mod model;
mod order;
mod reconnecting;
mod refusals;
mod relaying;
mod rooms;
mod sending;
mod sharing;
mod storage;
mod token;
mod transports;
