//! Hooks for Leptos: the client's state as signals.
//!
//! ```no_run
//! use ::leptos::prelude::*;
//! use tidings_client::leptos::{Place, provide_tidings, use_connection, use_room, use_rooms};
//! use tidings_client::{Config, Credentials};
//!
//! #[component]
//! fn App() -> impl IntoView {
//!     let me = "ann".parse().expect("a user id");
//!     provide_tidings(Config::new("", Credentials::Cookie), me);
//!     let connection = use_connection();
//!     let general = use_room(&Place::Room("general".parse().expect("a room id")));
//!     view! {
//!         <p>{move || format!("{:?}", connection.link.get().state)}</p>
//!         <button on:click=move |_| general.send("Hello".into(), None)>"Say hello"</button>
//!     }
//! }
//! ```
//!
//! [`provide_tidings`] connects and keeps what the hooks share; [`use_tidings()`], [`use_connection()`], [`use_rooms()`],
//! [`use_room()`] and [`use_notifications()`] are `Copy` handles of signals and methods. The state itself is plain data with
//! tests of its own: [`timeline`], [`rooms`], [`crowd`], [`typers`], [`people`], [`inbox`].

pub mod crowd;
mod hub;
pub mod inbox;
pub mod item;
mod meanwhile;
mod paging;
pub mod people;
pub mod place;
pub mod rooms;
pub mod timeline;
pub mod typers;
mod use_connection;
mod use_notifications;
mod use_room;
mod use_rooms;
mod use_tidings;

pub use hub::{Arrivals, Busy, Incoming, Notice};
pub use item::{ChatItem, Delivery};
pub use meanwhile::Asked;
pub use paging::{Page, PageError};
pub use place::Place;
pub use rooms::{Preview, RoomRow};
pub use use_connection::{Link, UseConnection, use_connection};
pub use use_notifications::{UseNotifications, use_notifications};
pub use use_room::{UseRoom, use_room};
pub use use_rooms::{UseRooms, use_rooms};
pub use use_tidings::{Tidings, provide_tidings, use_tidings};
