//! A TCP proxy that breaks connections on purpose, between clients and a server.
//!
//! - [`toxic`]: what can happen to one direction of a connection.
//! - [`plan`]: which connection meets what, drawn from a seed.
//! - [`door`]: one address that clients connect to; it can be shut, silenced and cut while they use it.
//! - `line` is one connection, `pump` one direction of it, [`tally`] what has really happened.
//!
//! A course depends on the seed, the door's number and the connection's number at that door, and on nothing else:
//! with one door for each client, a seed gives every client the same course again, whatever the others do. When
//! what happens is up to the machine; what happens is not.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use tidings_loadgen::proxy::{Course, Plan, Proxy, Toxic};
//!
//! let plan = Plan::seeded(7, |random| Course {
//!     up: vec![],
//!     down: vec![Toxic::Cut { after: random.u64(500..5_000) }],
//! });
//! let proxy = Proxy::new("127.0.0.1:8080".parse().unwrap(), plan);
//! let door = proxy.door(0).await?;
//! println!("connect to {}", door.url());
//! # Ok(())
//! # }
//! ```

pub mod door;
mod line;
pub mod plan;
mod pump;
pub mod tally;
pub mod toxic;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

pub use self::door::{Door, Network};
pub use self::plan::Plan;
pub use self::tally::Tally;
pub use self::toxic::{Course, Toxic};

/// Makes doors to one server.
#[derive(Clone, Debug)]
pub struct Proxy {
    upstream: SocketAddr,
    plan: Plan,
    tally: Arc<Tally>,
}

impl Proxy {
    /// To the server at an address, by a plan.
    #[must_use]
    pub fn new(upstream: SocketAddr, plan: Plan) -> Self {
        Self { upstream, plan, tally: Arc::default() }
    }

    /// Opens a door: an address of its own on loopback. Dropping it cuts its connections.
    ///
    /// # Errors
    /// The system gives no port.
    pub async fn door(&self, number: u64) -> io::Result<Door> {
        Door::open(self.upstream, self.plan.clone(), number, Arc::clone(&self.tally)).await
    }

    /// From now on nothing happens to new connections; those that are open keep their course.
    pub fn calm(&self) {
        self.plan.calm();
    }

    /// What has happened at all doors so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }
}
