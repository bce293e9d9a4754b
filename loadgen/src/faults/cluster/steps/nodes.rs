//! Nodes: killed, hung, and restarted one after the other.

use std::time::Duration;

use tidings_client_native::{Config, Transport, Transports};
use tidings_testbed::node::Node;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::super::super::context::PATIENCE;
use super::super::super::drain::Everything;
use super::super::idle::{self, Idle};
use super::super::{SPREAD, presence};
use super::{BACK, BACK_ALWAYS, LOOK, Probe, Steps};
use crate::api::Api;
use crate::check;
use crate::error::Error;

/// Who is on a connection that stands and is dead has found out, and is back, within this time.
const FOUND: Duration = Duration::from_secs(35);
const FOUND_ALWAYS: Duration = Duration::from_secs(70);
/// Where somebody is who is on one node alone.
const GHOST: &str = "ghost";
const HAUNTED: &str = "room-0";

impl Steps<'_> {
    /// kill -9 under a crowd, with a user on the node who does not come back anywhere.
    pub(super) async fn kill_a_node(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let node = self.a_node()?;
        let crowd = Idle::enter(self.cluster, self.secret, self.context.size(60, 3_000)).await?;
        let mut config = Config::new(node.url(), self.secret.token(GHOST)?);
        config.transports = Transports::NONE.with(Transport::WebSocket);
        let (ghost, _) = check::enter(config, &[HAUNTED.to_owned()]).await?;
        let (all, lost) = (crowd.clients.len(), crowd.on(node, self.secret).await?);
        let others: Vec<Api> = self
            .cluster
            .nodes
            .iter()
            .filter(|other| !std::ptr::eq(*other, node))
            .map(|other| Api::new(&other.url()))
            .collect::<Result<_, _>>()?;
        let reader = self.secret.token("reader")?;
        presence::known(&others, &reader, HAUNTED, GHOST, self.outcome).await?;
        let returning = crowd.watch();
        node.kill();
        let (seen, returns, gone, ()) = tokio::join!(
            probe.seen_by_all(),
            returning.first(lost, PATIENCE),
            presence::gone(&others, &reader, HAUNTED, GHOST, self.outcome),
            ghost.close()
        );
        gone?;
        let seen = seen?;
        let (most, times) = idle::times(&returns, |one| one.after);
        self.context.say(format!(
            "a node was killed; all saw a message on the others after {seen:.1?}; {} of {lost} clients on it of {all} are \
             back: {times}",
            returns.len()
        ));
        self.back("a node killed", seen);
        self.outcome.promise("a node killed: all who were on it are back", lost, lost - returns.len());
        self.outcome.time("a node killed: 99 of 100 who were on it are back", most, BACK, BACK_ALWAYS);
        self.outcome.figure(format!("a node killed with {lost} of {all} clients on it, back"), times);
        node.start_again()?;
        crowd.leave().await;
        Ok(())
    }

    /// SIGSTOP: connections to it stand, and it answers nobody; its clients must notice by themselves.
    pub(super) async fn a_node_hangs(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let node = self.a_node()?;
        let hung = self.context.size(Duration::from_secs(3), Duration::from_secs(15));
        node.hang()?;
        sleep(hung).await;
        node.go_on()?;
        let seen = probe.seen_by_all().await?;
        self.context.say(format!("a node hung for {hung:?}; all saw a message after {seen:.1?}"));
        self.outcome.time("a node goes on: all see all", seen, FOUND, FOUND_ALWAYS);
        Ok(())
    }

    /// SIGTERM to one node after the other, each started again before the next. In the long form the first one has open
    /// all that can be open.
    pub(super) async fn rolling_restart(&mut self, probe: &mut Probe) -> Result<(), Error> {
        let mut is_crowded = self.context.size(false, true);
        for node in &self.cluster.nodes {
            self.restart(node, is_crowded).await?;
            let seen = probe.seen_by_all().await?;
            self.context.say(format!("a node was restarted; all saw a message after {seen:.1?}"));
            self.back("a node restarted", seen);
            is_crowded = false;
        }
        Ok(())
    }

    async fn restart(&mut self, node: &Node, is_crowded: bool) -> Result<(), Error> {
        let grace = self.context.size(Duration::from_secs(5), Duration::from_secs(10));
        let open = if is_crowded {
            let token = |user: &str| self.secret.token(user);
            Some(Everything::open(node.address(), &node.url(), token, (2_000, 200, 100)).await?)
        } else {
            None
        };
        // Those who are told need the thread meanwhile.
        let (status, took) = block_in_place(|| node.terminate())?;
        self.outcome.promise("SIGTERM: the node ends by itself with 0", 1, usize::from(!status.success()));
        self.outcome.time("SIGTERM: the node ends", took, grace + LOOK, 3 * grace);
        if let Some(open) = open {
            open.until_told().await.judge(SPREAD, self.outcome);
        }
        node.start_again()?;
        Ok(())
    }
}
