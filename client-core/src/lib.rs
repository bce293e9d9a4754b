//! The Tidings client as a sans-IO state machine: no sockets, no clock, no randomness of its own.
//!
//! In the order of a command's way:
//!
//! - [`Command`] is what an app wants; [`Input`] is that and everything else that can happen.
//! - [`Session`] takes inputs. Inside, each concern has a struct of its own that knows no other: `outbox` (what is not
//!   yet acknowledged), `subscriptions` (rooms wanted and confirmed), `markers` (read markers on their way), `cursors`
//!   (positions: duplicates and gaps), `ladder` (which transport), `backoff` (when to try
//!   again), `heartbeat` (a connection gone silent), `token`, `pacing`, `timers`. What is to be done waits in a [`Queue`].
//! - [`Output`] is what the session wants done; [`Event`] what it has to say to the app, among it each [`Frame`]
//!   that is new, once and in order.
//! - [`Relay`] is below it: where no WebSocket gets through, it makes a connection of requests.
//! - [`Hub`] is between the two: it lets the sessions of several pages share one connection.
//!
//! ```
//! use tidings_client_core::{Command, Config, ConnId, Input, Instant, Output, Session};
//!
//! let mut session = Session::new(Config::new([1, 2]));
//! let now = Instant::from_millis(0);
//! session.handle(Input::Command(Command::Connect), now);
//! while let Some(output) = session.poll_output() {
//!     match output {
//!         Output::Connect(connect) => assert_eq!(connect.conn, ConnId(1)),
//!         other => println!("{other:?}"),
//!     }
//! }
//! ```

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod backoff;
mod command;
mod config;
mod cursors;
mod frame;
mod heartbeat;
mod held;
mod input;
pub mod json;
mod ladder;
mod markers;
mod outbox;
mod output;
mod pacing;
mod query;
mod queue;
mod relay;
mod rng;
mod said;
mod session;
mod share;
mod sse;
mod subscriptions;
mod time;
mod timers;
mod token;
mod transport;

pub use command::{Command, Entry};
pub use config::Config;
pub use frame::{Frame, Kind};
pub use input::{Closed, ConnId, Input, Storage};
pub use output::{
    ClosedBy, Connect, Event, Gap, GapReason, Output, Persist, Refusal, RoomState, SendState, State, Status,
    Stored,
};
pub use queue::Queue;
pub use relay::{Relay, RelayOutput, Request};
pub use rng::Rng;
pub use session::Session;
pub use share::{Hub, HubOutput, LinkId, MAX_LINKS};
pub use sse::{EventStream, StreamEvent};
pub use time::{Duration, Instant};
pub use transport::{Transport, Transports};
