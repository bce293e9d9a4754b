//! Partitions between machines: each node in a network namespace of its own, on a cable to what it shares with the others.
//! Its cable is pulled, and ways are lost in one direction; nobody is told.

use std::net::Ipv4Addr;
use std::time::Duration;

use tidings_testbed::cluster::{Cluster, Places, Services};
use tidings_testbed::netns::{Machine, Network};
use tidings_testbed::node::Node;
use tokio::time::{Instant, sleep};

use super::people::People;
use super::{Context, FLAGS, LOGGED, NODES, Outcome, meanwhile};
use crate::cluster;
use crate::error::Error;
use crate::token::Secret;

/// Who is on a connection that stands and is dead has found out within 35 s, and is on another node in ten more.
const FOUND: Duration = Duration::from_secs(45);
/// A node that has lost its database says that it does not serve within this time.
const SAYS: Duration = Duration::from_secs(15);
/// When the way is back, all is healed within this time.
const HEALED: Duration = Duration::from_secs(10);
/// How long a way is lost at least.
const LOST: Duration = Duration::from_secs(30);
/// `--database-timeout`, and as long again for who waited.
const LOCKS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// What is lost between the first node and the rest.
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

    let mut outcome = Outcome::default();
    let all = [Lost::Cable, Lost::ToRedis, Lost::ToPostgres, Lost::ToNginx, Lost::FromAll];
    for lost in context.size(&all[..1], &all[..]) {
        meanwhile(context).await;
        lose(context, &cluster, &bridge, *lost, &mut people, &mut outcome).await?;
    }
    meanwhile(context).await;
    people.judge(context, &cluster, Some(context.size(500, 5_000)), &mut outcome).await?;
    Ok(outcome)
}

async fn lose(
    context: &Context,
    cluster: &Cluster,
    bridge: &Bridge,
    lost: Lost,
    people: &mut People,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let Some((alone, others)) = cluster.nodes.split_first() else { return Ok(()) };
    let Some(machine) = alone.machine() else { return Ok(()) };
    let began = Instant::now();
    bridge.set(lost, machine, true)?;
    if lost.takes_the_store() {
        while !says_no(alone) && began.elapsed() < 2 * SAYS {
            sleep(LOOK).await;
        }
        let says = began.elapsed();
        context.say(format!("lost {}: the node says that it does not serve after {says:.1?}", lost.name()));
        outcome.promise("a node alone says that it does not serve", 1, usize::from(!says_no(alone)));
        outcome.aim(format!("a node alone says so within {SAYS:?}"), 1, usize::from(says > SAYS));
    }
    // The lost node may hold locks, which PostgreSQL takes back after as long as a node waits for anything.
    let until = Instant::now() + LOCKS;
    while !others.iter().all(serves) && Instant::now() < until {
        sleep(LOOK).await;
    }
    let down = others.iter().filter(|node| !serves(node)).count();
    outcome.promise("the other nodes go on", others.len(), down);
    // In the short form nobody waits until dead connections are found.
    if context.size(false, true) {
        if lost.takes_clients() {
            people.probe.seen_by_all().await?;
            let found = began.elapsed();
            context
                .say(format!("lost {}: all were on other nodes and read on after {found:.1?}", lost.name()));
            let late = usize::from(found > FOUND);
            outcome.aim(format!("dead connections are found and left within {FOUND:?}"), 1, late);
        }
        sleep((began + LOST).saturating_duration_since(Instant::now())).await;
    }
    bridge.set(lost, machine, false)?;
    let (back, away) = (Instant::now(), began.elapsed());
    while !serves(alone) && back.elapsed() < super::PATIENCE {
        sleep(LOOK).await;
    }
    let ready = back.elapsed();
    let seen = people.probe.seen_by_all().await?;
    context.say(format!(
        "lost {} for {away:.0?}: it served after {ready:.1?}, all saw a message after {seen:.1?}",
        lost.name()
    ));
    outcome.aim(format!("the way is back: it serves within {HEALED:?}"), 1, usize::from(ready > HEALED));
    outcome.aim(format!("the way is back: all see all within {HEALED:?}"), 1, usize::from(seen > HEALED));
    Ok(())
}

fn serves(node: &Node) -> bool {
    node.readiness() == Some(200)
}

/// No answer is none of these.
fn says_no(node: &Node) -> bool {
    node.readiness() == Some(503)
}
