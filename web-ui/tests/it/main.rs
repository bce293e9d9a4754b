//! What can be said of the app's fixed files without a browser.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod contrast;
mod page;
