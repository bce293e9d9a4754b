//! What is broken, one thing after the other, and what is looked at each time.

mod access;
mod network;
mod nodes;
mod redis;
mod store;

use std::time::Duration;

use fastrand::Rng;
use tidings_testbed::cluster::Cluster;
use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep};

use super::cable::{self, Cable};
use super::people::People;
use super::probe::Probe;
use super::{Context, Outcome, meanwhile};
use crate::error::Error;
use crate::token::Secret;

/// With Redis or PostgreSQL back, all is healed within this time.
const HEALED: Duration = Duration::from_secs(5);
/// The same on a machine that is busy.
const HEALED_ALWAYS: Duration = Duration::from_secs(15);
/// After the loss of a node its clients are back on others within this time.
const BACK: Duration = Duration::from_secs(10);
const BACK_ALWAYS: Duration = Duration::from_secs(30);
/// How long an ACK may take while Redis is away.
const ACK: Duration = Duration::from_secs(5);
const ACK_ALWAYS: Duration = Duration::from_secs(15);
/// How often something is looked at.
const LOOK: Duration = Duration::from_millis(100);

pub(super) struct Steps<'a> {
    pub(super) context: &'a Context,
    pub(super) cluster: &'a Cluster,
    pub(super) cable: &'a Cable,
    pub(super) secret: &'a Secret,
    pub(super) random: Rng,
    pub(super) outcome: &'a mut Outcome,
}

impl<'a> Steps<'a> {
    /// All of them, with time to write between.
    pub(super) async fn all(&mut self, people: &mut People) -> Result<(), Error> {
        let rounds = self.context.size(1, 3);
        let probe = &mut people.probe;
        for round in 1..=rounds {
            self.context.say(format!("round {round} of {rounds}"));
            meanwhile(self.context).await;
            self.kill_a_node(probe).await?;
            meanwhile(self.context).await;
            self.redis_is_killed(probe, round == 1).await?;
            meanwhile(self.context).await;
            self.redis_is_emptied(probe).await?;
            meanwhile(self.context).await;
            self.redis_hangs(probe).await?;
            meanwhile(self.context).await;
            self.postgres_restarts(probe).await?;
            meanwhile(self.context).await;
            self.access_is_taken_back().await?;
            self.a_node_hangs(probe).await?;
            self.redis_drops_a_node(round).await?;
            meanwhile(self.context).await;
            self.a_node_is_cut_off(probe).await?;
            meanwhile(self.context).await;
            self.nginx_reloads(probe).await?;
            // Later rounds find it done.
            if round == 1 {
                self.tables_change(probe).await?;
                meanwhile(self.context).await;
            }
            self.rolling_restart(probe).await?;
        }
        Ok(())
    }

    async fn until_ready(&self) -> Duration {
        let began = Instant::now();
        while began.elapsed() < super::PATIENCE
            && self.cluster.nodes.iter().any(|node| node.readiness() != Some(200))
        {
            sleep(LOOK).await;
        }
        began.elapsed()
    }

    fn a_node(&mut self) -> Result<&'a Node, Error> {
        let one = self.random.usize(..self.cluster.nodes.len());
        self.cluster.nodes.get(one).ok_or_else(|| Error::Broken("there is no node".to_owned()))
    }

    fn healed(&mut self, what: &str, seen: Duration) {
        self.outcome.time(&format!("{what}: all see all"), seen, HEALED, HEALED_ALWAYS);
    }

    fn back(&mut self, what: &str, seen: Duration) {
        self.outcome.time(&format!("{what}: all read on"), seen, BACK, BACK_ALWAYS);
    }

    fn acknowledged(&mut self, what: &str, acked: Duration) {
        self.outcome.time(&format!("{what}: messages are acknowledged"), acked, ACK, ACK_ALWAYS);
    }
}
