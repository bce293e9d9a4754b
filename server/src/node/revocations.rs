//! Taking a word back: written first, then every node is told, which ends the sessions that stand on it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tidings_protocol::{Code, Timestamp, UserId};

use super::{Node, Outcome};
use crate::broker::{Payload, Topic};

use crate::error::Error;
use crate::outbox::Outbox;
use crate::revocation::{KEPT_AFTER_END, Revocations};
use crate::store::{Revocation, Subject, Write};

/// How often a node looks for changes that it was not told of.
const TICK: Duration = Duration::from_millis(500);
/// How often what is over is taken away, in ticks.
const PRUNE_TICKS: u32 = 120;
/// Most that one commit takes away.
const PRUNE_BATCH: u32 = 1_000;

impl Node {
    /// Whose word counts no more.
    #[must_use]
    pub const fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Takes a word back: durable, and told to every node. This node's sessions that stand on it are closed when
    /// this returns.
    ///
    /// # Errors
    /// `LIMIT`: there are as many as there may be. `UNAVAILABLE`: the store is away.
    pub async fn revoke(&self, revocation: Revocation) -> Outcome<()> {
        self.write(Write::Revoke(revocation)).await?;
        self.tell_revoked().await
    }

    /// Gives it back.
    ///
    /// # Errors
    /// `NOT_FOUND`: it was not taken back. `UNAVAILABLE`: the store is away.
    pub async fn restore(&self, subject: Subject) -> Outcome<()> {
        self.write(Write::Restore { subject, at: self.now() }).await?;
        self.tell_revoked().await
    }

    /// A user's ban, as the store has it at this time.
    ///
    /// # Errors
    /// `NOT_FOUND`: the user is not banned. `UNAVAILABLE`: the store is away.
    pub async fn ban(&self, user: &UserId) -> Outcome<Revocation> {
        self.read_revocations().await?;
        self.revocations.ban(user, self.now()).ok_or_else(|| Error::new(Code::NotFound))
    }

    /// All bans, as the store has them at this time.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn bans(
        &self,
        after: Option<&UserId>,
        limit: usize,
    ) -> Outcome<crate::store::Page<Revocation>> {
        self.read_revocations().await?;
        Ok(self.revocations.bans(after, limit, self.now()))
    }

    /// Closes a session whose word counts no more: asked for after it has become known to the hub, since a
    /// revocation that came before that has not found it there.
    pub fn hold_to_revocations(&self, outbox: &Outbox) {
        if let Some(revoked) = self.revocations.judge(outbox.user_id(), outbox.token_id(), self.now()) {
            outbox.close(revoked.close_code());
        }
    }

    async fn tell_revoked(&self) -> Outcome<()> {
        self.publish(Topic::All, Payload::Revoked).await;
        self.read_revocations().await
    }

    /// Reads what has changed and ends the sessions that it concerns.
    pub(super) async fn read_revocations(&self) -> Outcome<()> {
        let news = self.revocations.read(&*self.store.0).await?;
        if !news.changed {
            return Ok(());
        }
        for outbox in self.hub.outboxes() {
            if news.ended.contains(outbox.user_id()) {
                outbox.close(tidings_protocol::CloseCode::Forbidden);
            }
            self.hold_to_revocations(&outbox);
        }
        Ok(())
    }

    async fn prune_revocations(&self, now: Timestamp) {
        self.revocations.forget(now);
        let kept = i64::try_from(KEPT_AFTER_END.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(now.as_millis().saturating_sub(kept));
        if let Err(error) = self.write(Write::PruneRevocations { before, limit: PRUNE_BATCH }).await {
            tracing::warn!(%error, "revocations that are over stay for now");
        }
    }
}

/// Until the node is gone: reads changes when they are told of, and on every tick.
pub(super) async fn run(node: Weak<Node>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let Some(revocations) = node.upgrade().map(|node| Arc::clone(&node.revocations)) else { return };
    let mut ticked: u32 = 0;
    loop {
        let tick = tokio::select! {
            _ = ticks.tick() => true,
            () = revocations.hinted() => false,
        };
        let Some(node) = node.upgrade() else { return };
        if let Err(error) = node.read_revocations().await {
            tracing::debug!(%error, "revocations could not be read, what was known still counts");
        }
        if tick {
            ticked = ticked.wrapping_add(1);
            if ticked.is_multiple_of(PRUNE_TICKS) {
                node.prune_revocations(node.now()).await;
            }
        }
    }
}
