//! The Tidings web app, in the order of the flow: [`realtime`] is the only module that knows the client; [`state`] works
//! out what is shown; [`components`] show it.

pub mod state;
