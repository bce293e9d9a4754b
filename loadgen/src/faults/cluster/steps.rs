//! What is broken, one thing after the other, and what is looked at each time.

use std::time::Duration;

use fastrand::Rng;
use tidings_client_native::{Config, Transport, Transports};
use tidings_testbed::cluster::Cluster;
use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep};

use super::cable::{self, Cable};
use super::probe::Probe;
use super::{Context, Outcome, meanwhile};
use crate::check;
use crate::error::Error;
use crate::token::Secret;

/// With Redis or PostgreSQL back, all is healed within this time.
const HEALED: Duration = Duration::from_secs(5);
/// After the loss of a node its clients are back on others within this time.
const BACK: Duration = Duration::from_secs(10);
/// Who is on a connection that stands and is dead has found out, and is back, within this time.
const FOUND: Duration = Duration::from_secs(35);
/// How long an ACK may take while Redis is away.
const ACK: Duration = Duration::from_secs(5);
/// nginx's `worker_shutdown_timeout`, and a moment to go.
const OLD_WORKERS: Duration = Duration::from_secs(63);
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
    pub(super) async fn all(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let rounds = self.context.size(1, 3);
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
            self.a_node_hangs(probe).await?;
            meanwhile(self.context).await;
            self.a_node_is_cut_off(probe).await?;
            meanwhile(self.context).await;
            self.nginx_reloads(probe).await?;
            meanwhile(self.context).await;
            self.rolling_restart(probe).await?;
        }
        Ok(())
    }

    /// kill -9, with a user on it who does not come back anywhere.
    async fn kill_a_node(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let node = self.a_node()?;
        let mut config = Config::new(node.url(), self.secret.token("ghost")?);
        config.transports = Transports::NONE.with(Transport::WebSocket);
        let (ghost, _) = check::enter(config, &["room-0".to_owned()]).await?;
        node.kill();
        ghost.close().await;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("a node was killed; all saw a message on the others after {seen:.1?}"));
        self.outcome.aim(format!("a node killed: all read on within {BACK:?}"), 1, usize::from(seen > BACK));
        node.start_again()?;
        Ok(())
    }

    async fn redis_is_killed(&mut self, probe: &mut Probe, is_long: bool) -> Result<(), Error> {
        let away =
            self.context.size(Duration::from_secs(2), Duration::from_secs(if is_long { 30 } else { 8 }));
        self.cluster.redis.kill();
        let until = Instant::now() + away;
        let acked = probe.acknowledged().await?;
        sleep(until.saturating_duration_since(Instant::now()) / 2).await;
        let down = self.cluster.nodes.iter().filter(|node| node.readiness() != Some(200)).count();
        let again = probe.acknowledged().await?;
        sleep(until.saturating_duration_since(Instant::now())).await;
        self.cluster.redis.start_again()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "Redis was away for {away:?}; ACKs within {:.1?}, healed in {seen:.1?}",
            acked.max(again)
        ));
        self.outcome.promise("Redis away: each node goes on serving", self.cluster.nodes.len(), down);
        let late = usize::from(acked > ACK) + usize::from(again > ACK);
        self.outcome.aim(format!("Redis away: messages are acknowledged within {ACK:?}"), 2, late);
        self.outcome.aim(format!("Redis back: all see all within {HEALED:?}"), 1, usize::from(seen > HEALED));
        Ok(())
    }

    async fn redis_is_emptied(&mut self, probe: &mut Probe) -> Result<(), Error> {
        self.cluster.redis.flush_all()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("Redis was emptied; all saw a message after {seen:.1?}"));
        self.outcome.aim(
            format!("Redis emptied: all see all within {HEALED:?}"),
            1,
            usize::from(seen > HEALED),
        );
        Ok(())
    }

    /// Connections stand, and nothing answers: worse than being gone.
    async fn redis_hangs(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let away = self.context.size(Duration::from_secs(2), Duration::from_secs(10));
        self.cluster.redis.hang()?;
        let acked = probe.acknowledged().await;
        sleep(away).await;
        self.cluster.redis.go_on()?;
        let acked = acked?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("Redis hung for {away:?}; ACKs within {acked:.1?}, healed in {seen:.1?}"));
        self.outcome.aim(
            format!("Redis hangs: messages are acknowledged within {ACK:?}"),
            1,
            usize::from(acked > ACK),
        );
        self.outcome.aim(
            format!("Redis goes on: all see all within {HEALED:?}"),
            1,
            usize::from(seen > HEALED),
        );
        Ok(())
    }

    /// `pg_ctl restart -m immediate`: what was not committed is gone, and no connection ends in peace.
    async fn postgres_restarts(&mut self, probe: &mut Probe) -> Result<(), Error> {
        self.cluster.postgres.stop_immediate()?;
        self.cluster.postgres.start_again()?;
        let ready = self.until_ready().await;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "PostgreSQL restarted; ready after {ready:.1?}, all saw a message after {seen:.1?}"
        ));
        let ended = self.cluster.nodes.iter().filter(|node| !node.is_running()).count();
        let nodes = self.cluster.nodes.len();
        self.outcome.promise("PostgreSQL restarted: no node had to be", nodes, ended);
        self.outcome.aim(
            format!("PostgreSQL back: each node serves within {HEALED:?}"),
            1,
            usize::from(ready > HEALED),
        );
        Ok(())
    }

    /// SIGSTOP: connections to it stand, and it answers nobody; its clients must notice by themselves.
    async fn a_node_hangs(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let node = self.a_node()?;
        let hung = self.context.size(Duration::from_secs(3), Duration::from_secs(15));
        node.hang()?;
        sleep(hung).await;
        node.go_on()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("a node hung for {hung:?}; all saw a message after {seen:.1?}"));
        self.outcome.aim(
            format!("a node goes on: all see all within {FOUND:?}"),
            1,
            usize::from(seen > FOUND),
        );
        Ok(())
    }

    /// A partition: first from Redis alone, then from PostgreSQL too. The node lives on, and so do its connections to
    /// clients; nobody is told.
    async fn a_node_is_cut_off(&mut self, probe: &mut Probe) -> Result<(), Error> {
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
        let late = usize::from(acked > ACK);
        self.outcome.aim(format!("cut off from Redis: messages are acknowledged within {ACK:?}"), 1, late);
        self.outcome.aim(
            format!("plugged in again: all see all within {BACK:?}"),
            1,
            usize::from(seen > BACK),
        );

        self.cable.pull(true);
        let until = Instant::now() + long;
        let serves = |node: &Node| node.readiness() == Some(200);
        let alone = self.cluster.nodes.get(cable::NODE);
        while alone.is_some_and(serves) && Instant::now() < until {
            sleep(LOOK).await;
        }
        let says = usize::from(alone.is_some_and(serves));
        self.outcome.promise("cut off from both: the node says that it does not serve", 1, says);
        let down = self.cluster.nodes.iter().skip(cable::NODE + 1).filter(|node| !serves(node)).count();
        self.outcome.promise("cut off from both: the other nodes go on", self.cluster.nodes.len() - 1, down);
        sleep(until.saturating_duration_since(Instant::now())).await;
        self.cable.plug_in();
        let ready = self.until_ready().await;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!(
            "a node was cut off from both for {long:?}; it served after {ready:.1?}, all saw a message after {seen:.1?}"
        ));
        self.outcome.aim(
            format!("plugged in again: it serves within {BACK:?}"),
            1,
            usize::from(ready > BACK),
        );
        self.outcome.aim(
            format!("plugged in again: all see all within {BACK:?}"),
            1,
            usize::from(seen > BACK),
        );
        Ok(())
    }

    async fn nginx_reloads(&mut self, probe: &mut Probe) -> Result<(), Error> {
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

    /// SIGTERM to one node after the other, each started again before the next.
    async fn rolling_restart(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let grace = self.context.size(Duration::from_secs(5), Duration::from_secs(10));
        for node in &self.cluster.nodes {
            let (status, took) = node.terminate()?;
            self.outcome.promise(
                "SIGTERM: the node ends by itself with 0",
                1,
                usize::from(!status.success()),
            );
            self.outcome.aim(format!("SIGTERM: within {grace:?}"), 1, usize::from(took > grace + LOOK));
            node.start_again()?;
            let seen = probe.seen_by_all().await?;
            self.context
                .say(format!("a node was restarted in {took:.1?}; all saw a message after {seen:.1?}"));
            self.outcome.aim(
                format!("a node restarted: all read on within {BACK:?}"),
                1,
                usize::from(seen > BACK),
            );
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
}
