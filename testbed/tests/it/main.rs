//! What the testbed promises to the tests that rest on it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod nginx;
mod postgres;
mod process;
mod redis;
