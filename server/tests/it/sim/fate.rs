//! What becomes of one node between its start and its end.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tidings_client_core::Rng;
use tokio::time::sleep;

use super::bus::Seat;
use super::net::Net;

/// A moment at which a node may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeCommit,
    AfterCommit,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Fate(Arc<Inner>);

struct Inner {
    node: usize,
    net: Net,
    seat: Seat,
    rng: Mutex<Rng>,
    is_dead: AtomicBool,
    is_cut_off: AtomicBool,
    dies_at: Mutex<Option<Moment>>,
}

impl Fate {
    pub(super) fn new(seed: u64, node: usize, net: Net, seat: Seat) -> Self {
        Self(Arc::new(Inner {
            node,
            net,
            seat,
            rng: Mutex::new(Rng::new([seed, 0x6661_7465])),
            is_dead: AtomicBool::new(false),
            is_cut_off: AtomicBool::new(false),
            dies_at: Mutex::new(None),
        }))
    }

    /// As `kill -9`: nothing that it still does is seen anywhere.
    pub(super) fn die(&self) {
        self.0.is_dead.store(true, Ordering::Relaxed);
        self.0.seat.leave();
        self.0.net.shut(self.0.node);
    }

    /// It will die at this moment of its next commit.
    pub(super) fn doom(&self, moment: Moment) {
        *self.0.dies_at.lock() = Some(moment);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.0.is_dead.load(Ordering::Relaxed)
    }

    /// The log cannot be reached, or can be again.
    pub(super) fn cut_off(&self, is_cut_off: bool) {
        self.0.is_cut_off.store(is_cut_off, Ordering::Relaxed);
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.0.is_cut_off.load(Ordering::Relaxed)
    }

    /// Up to `most` milliseconds; for ever, where the node has died meanwhile.
    pub(super) async fn moment(&self, most: u64) {
        let wait = self.0.rng.lock().up_to(most);
        if wait > 0 {
            sleep(Duration::from_millis(wait)).await;
        }
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    /// Dies, where that was to be.
    pub(super) async fn at(&self, moment: Moment) {
        if *self.0.dies_at.lock() == Some(moment) {
            self.die();
        }
        if self.is_dead() {
            pending::<()>().await;
        }
    }
}
