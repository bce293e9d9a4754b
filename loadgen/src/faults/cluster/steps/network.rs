//! The network of one node, cut between it and what it shares; and nginx, reloaded.

use std::time::Duration;

use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep};

use super::{BACK, BACK_ALWAYS, LOOK, Probe, Steps, cable};
use crate::error::Error;

/// A node that has lost its database says so within this time.
const SAYS: Duration = Duration::from_secs(15);
const SAYS_ALWAYS: Duration = Duration::from_secs(20);
/// nginx's `worker_shutdown_timeout`, and a moment to go.
const OLD_WORKERS: Duration = Duration::from_secs(63);

impl Steps<'_> {
    /// A partition: first from Redis alone, then from PostgreSQL too. The node lives on, and so do its connections to
    /// clients; nobody is told.
    pub(super) async fn a_node_is_cut_off(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let (short, long) = self.context.size((2, 8), (15, 30));
        let (short, long) = (Duration::from_secs(short), Duration::from_secs(long));
        self.cable.pull(false);
        let acked = probe.acknowledged().await?;
        sleep(short).await;
        self.cable.plug_in();
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "a node was cut off from Redis for {short:?}; ACKs within {acked:.1?}, healed in {seen:.1?}"
        ));
        self.acknowledged("cut off from Redis", acked);
        self.back("plugged in again", seen);

        self.cable.pull(true);
        let began = Instant::now();
        let serves = |node: &Node| node.readiness() == Some(200);
        let alone = self.cluster.nodes.get(cable::NODE);
        while alone.is_some_and(serves) && began.elapsed() < SAYS_ALWAYS {
            sleep(LOOK).await;
        }
        let says = began.elapsed();
        self.outcome.promise(
            "cut off from both: the node says that it does not serve",
            1,
            usize::from(alone.is_some_and(serves)),
        );
        self.outcome.time("cut off from both: the node says so", says, SAYS, SAYS_ALWAYS);
        let down = self.cluster.nodes.iter().skip(cable::NODE + 1).filter(|node| !serves(node)).count();
        self.outcome.promise("cut off from both: the other nodes go on", self.cluster.nodes.len() - 1, down);
        sleep(long.saturating_sub(began.elapsed())).await;
        self.cable.plug_in();
        let ready = self.until_ready().await;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "a node was cut off from both for {long:?} and said so after {says:.1?}; it served after {ready:.1?}, all saw a \
             message after {seen:.1?}"
        ));
        self.outcome.time("plugged in again: it serves", ready, BACK, BACK_ALWAYS);
        self.back("plugged in again", seen);
        Ok(())
    }

    pub(super) async fn nginx_reloads(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let old = self.cluster.nginx.workers();
        self.cluster.nginx.reload()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("nginx was reloaded; all saw a message after {seen:.1?}"));
        // In the short form nobody waits for so long.
        if !self.context.size(false, true) {
            return Ok(());
        }
        let until = Instant::now() + OLD_WORKERS;
        let stay = || self.cluster.nginx.workers().iter().any(|worker| old.contains(worker));
        while stay() && Instant::now() < until {
            sleep(LOOK).await;
        }
        self.outcome.promise("nginx reloaded: its old workers are gone within 63 s", 1, usize::from(stay()));
        Ok(())
    }
}
