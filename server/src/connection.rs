//! One session: what it is subscribed to, what it has been sent, and what is still to be read for it. It knows
//! frames and nothing of the transport that carries them.
//!
//! - [`session`]: the session itself: frames in, frames out.
//! - `incoming`: the peer's own frames. `delivery`: what comes from the logs.
//! - [`logs`]: positions, and the state of each log: live, or being read.
//! - [`catch_up`]: reading logs page by page as the transport has room.
//! - [`opening`]: the first frame, and where a log begins. [`entering`]: coming into rooms, with the answer to a join.
//! - [`outgoing`]: frames that the transport writes next. `parking`: what is lent while there are none.
//! - [`notices`]: a position in notifications and broadcasts.
//! - [`tally`]: what was sent, by type.
//! - [`deadlines`]: what a session does when time has passed.

pub mod catch_up;
pub mod deadlines;
mod delivery;
pub mod entering;
mod incoming;
pub mod logs;
pub mod notices;
pub mod opening;
pub mod outgoing;
mod parking;
pub mod session;
pub mod tally;

pub use self::opening::Wish;
pub use self::outgoing::Outgoing;
pub use self::session::{Flow, Session, SessionServices, SessionSettings, Work};
