//! What can be said of the app's fixed files without a browser.

mod contrast;
mod page;
