//! The Tidings web app, in the order of the flow: [`realtime`] is the only module that knows the client; [`state`] works
//! out what is shown; [`components`] show it.

// A component's properties are arguments of its function, and Leptos asks for owned ones.
#![allow(clippy::needless_pass_by_value, reason = "properties of components are owned")]

pub mod components;
pub mod realtime;
pub mod state;
