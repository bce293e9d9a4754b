//! What is read over HTTP: the list of rooms, pages of history, members, the notification list.

mod messages;
mod notices;
mod retry;
mod rooms;

pub(super) use retry::Retry;
