//! Three nodes behind nginx, on PostgreSQL and Redis: each part is broken in turn while people write and read by all
//! transports, through nginx and so on any node.

mod admin;
mod cable;
mod crowd;
mod idle;
mod letters;
mod logs;
pub(super) mod partition;
mod people;
mod presence;
mod probe;
mod schema;
mod steps;
pub(super) mod storm;
pub(super) mod upgrade;

use std::time::Duration;

use tidings_testbed::cluster::{Cluster, Services};
use tokio::time::sleep;

use self::cable::Cable;
use self::people::People;
use self::steps::Steps;
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::api::Api;
use crate::cluster;
use crate::error::Error;
use crate::token::Secret;

const NODES: usize = 3;
/// `--drain-spread` in the long form.
const SPREAD: Duration = Duration::from_secs(8);
/// A promise of several comparisons.
const SAME_LOG: &str = "each node tells the same log";
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

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let secret = Secret::random();
    let own = context.size(
        &["--drain-grace", "5s", "--drain-spread", "2s", "--presence-lease", "8s", "--presence-grace", "2s"]
            [..],
        &["--drain-grace", "10s", "--drain-spread", "8s"][..],
    );
    let flags = [FLAGS, own].concat();
    let mut plan = cluster::plan(&context.binary()?, &flags, secret.expose(), NODES);
    plan.variables.push(("RUST_LOG".to_owned(), LOGGED.to_owned()));
    // They end with the thread that starts them: this one, which waits for the end of the run.
    let services = Services::start()?;
    let cable = Cable::lay(&services).await?;
    let (places, by_cable) = (services.places(), cable.places(&services));
    let at = |node| if node == cable::NODE { by_cable.clone() } else { places.clone() };
    let cluster = Cluster::on(services, &plan, at)?;
    let mut people = People::enter(context, &cluster, &secret).await?;

    let mut outcome = Outcome::default();
    let (random, tally) = (context.random(), &mut outcome);
    let mut steps =
        Steps { context, cluster: &cluster, cable: &cable, secret: &secret, random, outcome: tally };
    steps.all(&mut people).await?;
    people.judge(context, &cluster, None, &mut outcome).await?;
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
