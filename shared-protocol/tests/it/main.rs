//! The contract, checked from outside the crate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod round_trip;
mod samples;
mod seeds;
mod snapshots;
mod strategies;
mod tolerance;
