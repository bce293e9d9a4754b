//! The Tidings wire contract as types: what a client may say, what a server answers, and every name and bound
//! that both ends share.
//!
//! In the order of a frame's way:
//!
//! - [`id`]: identifiers, checked when they are parsed.
//! - [`time`]: the one time format of the wire.
//! - [`limits`]: every bound that stands in the contract.
//! - [`command`]: client to server; [`ClientFrame`] is one frame.
//! - [`event`]: server to client; [`ServerFrame`] is one frame.
//! - [`data`]: what an event carries, one struct for each type.
//! - [`entity`]: rooms, messages, members and notifications, as HTTP answers them and events embed them.
//! - [`http`]: bodies and answers of the HTTP interface.
//! - [`error`]: the code registry and the sentences that belong to it; [`close`]: WebSocket close codes.
//!
//! The crate does no I/O, reads no clock, holds no state, and does without the standard library.

// Descriptions for TypeScript and OpenAPI are made by libraries that need the standard library.
#![cfg_attr(not(any(test, feature = "ts", feature = "openapi")), no_std)]

extern crate alloc;

pub mod close;
pub mod command;
pub mod data;
pub mod entity;
pub mod error;
pub mod event;
pub mod http;
pub mod id;
pub mod limits;
pub mod mend;
mod schema;
pub mod time;

pub use close::CloseCode;
pub use command::{ClientFrame, Command};
pub use error::{Code, FrameError, Problem};
pub use event::{Event, ServerFrame};
pub use id::{ClientId, ClientSession, Cursor, Epoch, MessageId, RoomId, SessionId, UserId};
pub use time::Timestamp;
