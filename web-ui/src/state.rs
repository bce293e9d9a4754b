//! Pure state: what is shown, worked out from what is known. No browser, no client, no clock of its own; each file
//! is one rule of the interface with its tests.

pub mod announce;
pub mod avatar;
pub mod badge;
pub mod banner;
pub mod composing;
pub mod draft;
pub mod follow;
pub mod group;
pub mod markdown;
pub mod roster;
pub mod route;
pub mod theme;
pub mod tick;
pub mod toast;
pub mod when;
