//! Three nodes behind nginx, on PostgreSQL and Redis: each part is broken in turn while people write and read by all
//! transports, through nginx and so on any node.

mod cable;
mod crowd;
mod logs;
mod presence;
mod probe;
mod steps;

use std::time::Duration;

use tidings_testbed::cluster::{Cluster, Services};
use tokio::time::{Instant, sleep};

use self::cable::Cable;
use self::crowd::Crowd;
use self::probe::Probe;
use self::steps::Steps;
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::api::Api;
use crate::check::{self, log};
use crate::cluster;
use crate::error::Error;
use crate::token::Secret;

const NODES: usize = 3;
const ROOMS: usize = 4;
/// One process is all clients: the caps that keep one address from the others are lifted.
const FLAGS: &[&str] = &[
    "--max-connections-per-ip",
    "100000",
    "--max-reads-per-second",
    "100000",
    "--max-writes-per-second",
    "100000",
    "--max-anonymous-per-second",
    "100000",
    "--max-frames-per-second",
    "400",
    "--frame-burst",
    "400",
    "--replay-limit",
    "1000000",
];
/// All that is searched at the end for what must not be there: every request too.
const LOGGED: &str = "info,tidings_server::http=debug";
/// What the long form must have had acknowledged to mean something.
const ENOUGH: usize = 20_000;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let secret = Secret::random();
    let drain = context.size(
        ["--drain-grace", "5s", "--drain-spread", "2s"],
        ["--drain-grace", "10s", "--drain-spread", "8s"],
    );
    let flags: Vec<&str> = FLAGS.iter().chain(&drain).copied().collect();
    let mut plan = cluster::plan(&context.binary()?, &flags, secret.expose(), NODES);
    plan.variables.push(("RUST_LOG".to_owned(), LOGGED.to_owned()));
    // They end with the thread that starts them: this one, which waits for the end of the run.
    let services = Services::start()?;
    let cable = Cable::lay(&services).await?;
    let (places, by_cable) = (services.places(), cable.places(&services));
    let at = |node| if node == cable::NODE { by_cable.clone() } else { places.clone() };
    let cluster = Cluster::on(services, &plan, at)?;
    context.say(format!("{NODES} nodes behind {}", cluster.nginx.url()));
    let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
    let (each, pace) = context.size((1, Duration::from_millis(60)), (4, Duration::from_millis(120)));
    let crowd = Crowd::enter(&cluster, &secret, &rooms, each, pace).await?;
    let mut probe = Probe::enter(&cluster, &secret, &rooms, &crowd.watchers).await?;
    let reader = secret.token("reader")?;
    logs::ask_with_a_token_in_the_query(&cluster, &reader);
    let writers = Writers::start(crowd.writers.clone());

    let mut outcome = Outcome::default();
    let (random, tally) = (context.random(), &mut outcome);
    let mut steps =
        Steps { context, cluster: &cluster, cable: &cable, secret: &secret, random, outcome: tally };
    steps.all(&mut probe).await?;
    context.say("the last ACKs");
    let mut written = writers.finish().await?;
    written.add(probe.take_written());

    // Every node is asked: what one tells, all must.
    let deadline = Instant::now() + PATIENCE;
    let [first, others @ ..] = apis(&cluster)?;
    let watchers: Vec<_> = crowd.watchers.iter().chain(probe.watchers()).cloned().collect();
    let verdict = check::judge(&first, &reader, &rooms, &written, &watchers, deadline).await?;
    outcome.verdict(&verdict);
    let mut otherwise = 0;
    for room in &rooms {
        let told = log::read(&first, &reader, room).await?;
        for other in &others {
            otherwise += usize::from(log::read(other, &reader, room).await? != told);
        }
    }
    outcome.promise("each node tells the same log", ROOMS * others.len(), otherwise);
    presence::same_on_all_nodes(&cluster, &crowd, &probe, &rooms, &reader, &mut outcome).await?;
    logs::search(&cluster, &reader, &mut outcome);
    let wanted = context.size(500, ENOUGH);
    let too_few = verdict.acked() < wanted;
    let enough = format!("at least {wanted} were acknowledged, so that it means something");
    outcome.promise(enough, 1, usize::from(too_few));
    let clients = crowd.clients();
    outcome.figure("clients, a third of them each by WebSocket, stream and poll", clients.to_string());
    outcome.figure("ACKs that had been lost and came with a resend", written.resent().to_string());
    if !outcome.is_kept(false) {
        context.leave("nginx.log", &cluster.nginx.logged())?;
        for (number, node) in cluster.nodes.iter().enumerate() {
            context.leave(&format!("node-{}.log", number + 1), &node.logged())?;
        }
    }
    Ok(outcome)
}

/// The interface of each node, past nginx.
fn apis(cluster: &Cluster) -> Result<[Api; NODES], Error> {
    let apis: Vec<Api> = cluster.nodes.iter().map(|node| Api::new(&node.url())).collect::<Result<_, _>>()?;
    apis.try_into().map_err(|_| Error::Broken("the cluster has another number of nodes".to_owned()))
}

/// Lets the writers write.
async fn meanwhile(context: &Context) {
    sleep(context.size(Duration::from_millis(1_500), Duration::from_secs(6))).await;
}
