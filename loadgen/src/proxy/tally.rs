//! What has really happened: a toxic that was drawn but whose byte never came has not.

use std::sync::atomic::{AtomicU64, Ordering};

use super::toxic::Toxic;

/// Counts of one proxy.
#[derive(Debug, Default)]
pub struct Tally {
    connections: AtomicU64,
    toxics: [AtomicU64; Toxic::NAMES.len()],
    cut_by_hand: AtomicU64,
    cut_replies: AtomicU64,
}

impl Tally {
    /// Connections that were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Each toxic, and how many connections it took effect on.
    #[must_use]
    pub fn toxics(&self) -> Vec<(&'static str, u64)> {
        Toxic::NAMES.iter().zip(&self.toxics).map(|(name, n)| (*name, n.load(Ordering::Relaxed))).collect()
    }

    /// Connections that a door was told to cut.
    #[must_use]
    pub fn cut_by_hand(&self) -> u64 {
        self.cut_by_hand.load(Ordering::Relaxed)
    }

    /// Connections that were cut in place of passing on what the server had said.
    #[must_use]
    pub fn cut_replies(&self) -> u64 {
        self.cut_replies.load(Ordering::Relaxed)
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let toxics = self.toxics().into_iter().filter(|(_, n)| *n > 0);
        let mut parts: Vec<String> = toxics.map(|(name, n)| format!("{name} {n}")).collect();
        for (name, n) in [("cut by hand", self.cut_by_hand()), ("cut before the reply", self.cut_replies())] {
            if n > 0 {
                parts.push(format!("{name} {n}"));
            }
        }
        format!("{} connections; {}", self.connections(), parts.join(", "))
    }

    pub(super) fn connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn toxic(&self, toxic: &Toxic) {
        if let Some(count) = self.toxics.get(toxic.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn by_hand(&self) {
        self.cut_by_hand.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reply(&self) {
        self.cut_replies.fetch_add(1, Ordering::Relaxed);
    }
}
