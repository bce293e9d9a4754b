//! Partitions between machines: each node in a network namespace of its own, on a cable to what it shares with the others.
//! One cable is pulled, and ways are lost in one direction, each time at the next node; nobody is told.

use std::net::Ipv4Addr;
use std::time::Duration;

use tidings_testbed::cluster::{Cluster, Places, Services};
use tidings_testbed::netns::{Machine, Network};
use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep};

use super::idle::{self, Idle};
use super::people::People;
use super::{Context, FLAGS, LOGGED, NODES, Outcome, PATIENCE, meanwhile};
use crate::cluster;
use crate::error::Error;
use crate::token::Secret;

/// Who is on a connection that stands and is dead has found out within this time, and is on another node in ten seconds more.
const FOUND: Duration = Duration::from_secs(35);
const LEFT: Duration = Duration::from_secs(45);
/// The same on a machine that is busy.
const LEFT_ALWAYS: Duration = Duration::from_secs(80);
/// A node that has lost its database says that it does not serve within this time.
const SAYS: Duration = Duration::from_secs(15);
const SAYS_ALWAYS: Duration = Duration::from_secs(30);
/// When the way is back, all is healed within this time.
const HEALED: Duration = Duration::from_secs(10);
const HEALED_ALWAYS: Duration = Duration::from_secs(30);
/// How long a way is lost at least.
const LOST: Duration = Duration::from_secs(30);
/// `--database-timeout`, and as long again for who waited.
const LOCKS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// What is lost between one node and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Cable,
    ToRedis,
    ToPostgres,
    ToNginx,
    FromAll,
}

impl Lost {
    const fn name(self) -> &'static str {
        match self {
            Self::Cable => "its cable",
            Self::ToRedis => "the way to Redis",
            Self::ToPostgres => "the way to PostgreSQL",
            Self::ToNginx => "the way to nginx",
            Self::FromAll => "the way from all others",
        }
    }

    /// Whether the database does not answer the node.
    const fn takes_the_store(self) -> bool {
        matches!(self, Self::Cable | Self::ToPostgres | Self::FromAll)
    }

    /// Whether clients are on connections that are dead and stand.
    const fn takes_clients(self) -> bool {
        matches!(self, Self::Cable | Self::ToNginx | Self::FromAll)
    }
}

/// Where services stand on the bridge.
struct Bridge {
    network: Network,
    nginx: Ipv4Addr,
    redis: Ipv4Addr,
    postgres: Ipv4Addr,
}

impl Bridge {
    fn lay(network: Network, services: &Services) -> Result<Self, Error> {
        let [nginx, redis, postgres] = [network.address(1)?, network.address(2)?, network.address(3)?];
        services.redis.listen_at(redis)?;
        services.postgres.listen_at(postgres, &network.cidr())?;
        Ok(Self { network, nginx, redis, postgres })
    }

    fn places(&self, services: &Services, machine: &Machine) -> Places {
        let there = services.places();
        let at = |url: &str, host: Ipv4Addr| url.replace("127.0.0.1", &host.to_string());
        Places {
            machine: Some(machine.clone()),
            database: at(&there.database, self.postgres),
            redis: at(&there.redis, self.redis),
        }
    }

    fn set(&self, lost: Lost, machine: &Machine, is_lost: bool) -> Result<(), Error> {
        match lost {
            Lost::Cable => machine.cable(!is_lost)?,
            Lost::ToRedis => machine.lose_way_to(self.redis, is_lost)?,
            Lost::ToPostgres => machine.lose_way_to(self.postgres, is_lost)?,
            Lost::ToNginx => machine.lose_way_to(self.nginx, is_lost)?,
            Lost::FromAll => self.network.lose_way_to(machine, is_lost)?,
        }
        Ok(())
    }
}

pub(in super::super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let Some(network) = Network::lay()? else {
        return Ok(Outcome::skipped("this user may not make network namespaces; as root it runs"));
    };
    let secret = Secret::random();
    let cidr = network.cidr();
    let flags =
        [FLAGS, &["--drain-grace", "5s", "--drain-spread", "2s", "--trusted-proxies", &cidr]].concat();
    let mut plan = cluster::plan(&context.binary()?, &flags, secret.expose(), NODES);
    plan.variables.push(("RUST_LOG".to_owned(), LOGGED.to_owned()));
    let services = Services::start()?;
    let bridge = Bridge::lay(network, &services)?;
    let machines: Vec<Machine> =
        (0..NODES).map(|n| bridge.network.machine(n as u8)).collect::<Result<_, _>>()?;
    let places: Vec<Places> = machines.iter().map(|machine| bridge.places(&services, machine)).collect();
    let cluster = Cluster::on(services, &plan, |number| places[number].clone())?;
    drop((machines, places));
    let mut people = People::enter(context, &cluster, &secret).await?;
    let crowd = Idle::enter(&cluster, &secret, context.size(30, 300)).await?;

    let mut outcome = Outcome::default();
    let all = [Lost::Cable, Lost::ToRedis, Lost::ToPostgres, Lost::ToNginx, Lost::FromAll];
    let losses = Losses { context, cluster: &cluster, bridge: &bridge, secret: &secret, crowd: &crowd };
    for (number, lost) in context.size(&all[..1], &all[..]).iter().enumerate() {
        meanwhile(context).await;
        // Each time it is the next node; but who has left the first one does not come back to it by itself.
        losses.lose(*lost, (number + number / NODES) % NODES, &mut people, &mut outcome).await?;
    }
    crowd.leave().await;
    meanwhile(context).await;
    people.judge(context, &cluster, Some(context.size(500, 5_000)), &mut outcome).await?;
    Ok(outcome)
}

struct Losses<'a> {
    context: &'a Context,
    cluster: &'a Cluster,
    bridge: &'a Bridge,
    secret: &'a Secret,
    crowd: &'a Idle,
}

impl Losses<'_> {
    async fn lose(
        &self,
        lost: Lost,
        number: usize,
        people: &mut People,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let Some(alone) = self.cluster.nodes.get(number) else { return Ok(()) };
        let Some(machine) = alone.machine() else { return Ok(()) };
        let others: Vec<&Node> =
            self.cluster.nodes.iter().filter(|other| !std::ptr::eq(*other, alone)).collect();
        let on_it = self.crowd.on(alone, self.secret).await?;
        let returning = self.crowd.watch();
        let (name, began) = (lost.name(), Instant::now());
        self.bridge.set(lost, machine, true)?;
        if lost.takes_the_store() {
            while !says_no(alone) && began.elapsed() < SAYS_ALWAYS {
                sleep(LOOK).await;
            }
            let says = began.elapsed();
            self.context.say(format!("lost {name}: the node says that it does not serve after {says:.1?}"));
            outcome.promise("a node alone says that it does not serve", 1, usize::from(!says_no(alone)));
            outcome.time("a node alone says so", says, SAYS, SAYS_ALWAYS);
        }
        // The lost node may hold locks, which PostgreSQL takes back after as long as a node waits for anything.
        let until = Instant::now() + LOCKS;
        while !others.iter().all(|node| serves(node)) && Instant::now() < until {
            sleep(LOOK).await;
        }
        let down = others.iter().filter(|node| !serves(node)).count();
        outcome.promise("the other nodes go on", others.len(), down);
        // In the short form nobody waits until dead connections are found.
        if self.context.size(false, true) {
            if lost.takes_clients() {
                let (returns, seen) =
                    tokio::join!(returning.first(on_it, PATIENCE), people.probe.seen_by_all());
                seen?;
                let read_on = began.elapsed();
                let ((noticed, when), (left, back)) =
                    (idle::times(&returns, |one| one.noticed), idle::times(&returns, |one| one.after));
                self.context.say(format!(
                    "lost {name} with {on_it} clients: noticed: {when}; back on other nodes: {back}; all read on after \
                     {read_on:.1?}"
                ));
                outcome.promise(
                    "dead connections: all who were on them are back",
                    on_it,
                    on_it - returns.len(),
                );
                outcome.time("dead connections: 99 of 100 are noticed", noticed, FOUND, LEFT_ALWAYS);
                outcome.time(
                    "dead connections: 99 of 100 are left for another node",
                    left,
                    LEFT,
                    LEFT_ALWAYS,
                );
                outcome.time("dead connections: all read on", read_on, LEFT, LEFT_ALWAYS);
                outcome.figure(format!("lost {name}: noticed by {on_it} clients"), when);
            }
            sleep((began + LOST).saturating_duration_since(Instant::now())).await;
        }
        self.bridge.set(lost, machine, false)?;
        let (back, away) = (Instant::now(), began.elapsed());
        while !serves(alone) && back.elapsed() < PATIENCE {
            sleep(LOOK).await;
        }
        let ready = back.elapsed();
        let seen = people.probe.seen_by_all().await?;
        self.context.say(format!(
            "lost {name} for {away:.0?}: it served after {ready:.1?}, all saw a message after {seen:.1?}"
        ));
        outcome.time("the way is back: it serves", ready, HEALED, HEALED_ALWAYS);
        outcome.time("the way is back: all see all", seen, HEALED, HEALED_ALWAYS);
        Ok(())
    }
}

fn serves(node: &Node) -> bool {
    node.readiness() == Some(200)
}

/// No answer is none of these.
fn says_no(node: &Node) -> bool {
    node.readiness() == Some(503)
}
