//! One connection for several sessions of a user: the hub of the page that has it.
//!
//! Every page keeps a [`Session`](crate::Session) of its own: outbox, positions, rooms. Where a connection would be, the
//! sessions of all other pages have a *link* to the hub. A link opens when the server has greeted, with that greeting; what
//! comes by it is what a connection of its own would bring, so that a session need not know the difference:
//!
//! - Client frames go to the server as they are, at once, in the order in which they came. Where all links together are
//!   faster than the server allows, entries are refused for a moment, as the server would.
//! - An answer goes to the link that asked. `RESUME` and `JOIN_ROOM` ask the server to put the connection back to the
//!   link's own position, where that lies behind (`rewind`); the others drop what they have seen.
//! - A room's entries go to a link once its own join was answered, the inbox once its `RESUME` was: what comes between
//!   comes again by the replay.
//! - What a server tells of a session to the user's *other* sessions only, or does when it is the last in a room, the hub
//!   does for the links: read markers, leaving, presence.

mod asked;
mod hub;
mod link;

pub use hub::{Hub, HubOutput, MAX_LINKS};
pub use link::LinkId;
