//! Scenarios through the server's own door, one binary for all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod harness;
mod support;

mod chat;
mod clients;
mod cluster;
mod commands;
mod deploy;
#[cfg(feature = "otel")]
mod otlp;
mod postgres;
mod process;
mod rest;
mod security;
#[cfg(target_os = "linux")]
mod sim;
mod storage;
