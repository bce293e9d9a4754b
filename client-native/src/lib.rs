//! The Tidings client on tokio: bots, tests and load.
//!
//! In the order of a command's way: [`Client`] is a handle, cheap to clone; it hands commands to a task (`driver`) that
//! owns the [`Session`](tidings_client_core::Session) and what it has open (`driver::link`): a socket (`driver::socket`,
//! opened by `driver::connect`), or a stream or polls and posts where sockets do not get through (`driver::requests`);
//! what happens comes out of [`Events`], and what was asked for is answered by `driver::waiters`.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use tidings_client_native::{Client, Config};
//!
//! let (client, mut events) = Client::connect(Config::new("http://127.0.0.1:8080", "a token")).await?;
//! client.join("general").await?;
//! let acked = client.send("general", "hello").await?.done().await?;
//! println!("at {:?}", acked.seq);
//! while let Some(frame) = events.frame().await {
//!     println!("{:?}", frame.event);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Frames that nobody takes out of [`Events`] stop the reading of the socket once `event_buffer` of them wait, so that
//! nothing is lost silently. Who wants no events drops them.

mod client;
mod config;
mod driver;
mod error;
mod events;
mod sent;
#[cfg(feature = "tls")]
mod tls;

pub use client::Client;
pub use config::{Config, Token};
pub use error::{ConnectError, InvalidArgument, JoinError, SendError};
pub use events::{Events, parse};
pub use sent::{Acked, Sent};
pub use tidings_client_core::{
    ClosedBy, Entry, Event, Frame, Gap, GapReason, Kind, Refusal, RoomState, SendState, State, Status,
    Transport, Transports,
};
