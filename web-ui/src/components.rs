//! What is seen. Each component has its styles beside it; the build joins them into one file.

#![allow(unreachable_pub, reason = "what `#[component]` makes of a private component says `pub`")]

mod announcer;
mod app;
mod avatar;
mod banner;
mod bell;
mod browser;
mod composer;
mod desktop;
mod details;
mod dialogs;
mod icon;
mod me_menu;
mod message;
mod modal;
mod popover;
mod retry_bar;
mod room;
mod shell;
mod sidebar;
mod sign_in;
mod timeline;
mod toasts;
mod ui;

pub use app::App;
