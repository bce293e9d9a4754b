//! A rolling upgrade: nodes of an older binary are replaced one after the other by this one's while people write, and one
//! goes a step back. The older version's own client works before, between and after.

use std::path::Path;
use std::time::Duration;

use tidings_testbed::cluster::Cluster;
use tidings_testbed::node::Node;
use tokio::process::Command;
use tokio::time::timeout;

use super::people::People;
use super::{Context, LOGGED, NODES, Outcome, meanwhile};
use crate::cluster;
use crate::error::Error;
use crate::token::Secret;

/// What both versions understand. Rates stay as they are: writers keep to what they are told.
const FLAGS: &[&str] = &["--dev", "--max-connections-per-ip", "100000", "--replay-limit", "1000000"];
/// With a node replaced, all read on within this time.
const BACK: Duration = Duration::from_secs(10);
const BACK_ALWAYS: Duration = Duration::from_secs(30);
/// The older client's demo, and the new version's command for the tables, take no longer.
const COMMAND: Duration = Duration::from_secs(120);

pub(in super::super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let before = context.before()?;
    let (older, newer) = (before.join("tidings-server"), context.binary()?);
    let secret = Secret::random();
    let mut plan = cluster::plan(&older, FLAGS, secret.expose(), NODES);
    plan.variables.push(("RUST_LOG".to_owned(), LOGGED.to_owned()));
    let cluster = Cluster::start(&plan)?;
    let mut outcome = Outcome::default();
    let demo = before.join("tidings-loadgen");
    older_client(&demo, &cluster, "on older nodes", &mut outcome).await?;
    let mut people = People::enter(context, &cluster, &secret).await?;
    meanwhile(context).await;

    let mut migrate = Command::new(&newer);
    migrate.arg("migrate").env("TIDINGS_DATABASE_URL", cluster.database.url());
    let done = ends_well(migrate, "the tables").await?;
    outcome.promise("the tables are brought up to date while older nodes serve", 1, usize::from(!done));
    meanwhile(context).await;

    let steps = [(0, &newer), (0, &older), (0, &newer), (1, &newer), (2, &newer)];
    for (number, (at, program)) in steps.into_iter().enumerate() {
        let Some(node) = cluster.nodes.get(at) else { continue };
        replace(context, node, program, &mut people, &mut outcome).await?;
        if number == 0 {
            older_client(&demo, &cluster, "on nodes of both", &mut outcome).await?;
        }
        meanwhile(context).await;
    }
    older_client(&demo, &cluster, "on newer nodes", &mut outcome).await?;
    people.judge(context, &cluster, Some(500), &mut outcome).await?;
    Ok(outcome)
}

async fn replace(
    context: &Context,
    node: &Node,
    program: &Path,
    people: &mut People,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let (status, took) = node.terminate()?;
    outcome.promise("SIGTERM: the node ends by itself with 0", 1, usize::from(!status.success()));
    node.replace(program)?;
    node.start_again()?;
    let seen = people.probe.seen_by_all().await?;
    context.say(format!(
        "a node ended in {took:.1?} and is now {}; all saw a message after {seen:.1?}",
        program.display()
    ));
    outcome.time("a node replaced: all read on", seen, BACK, BACK_ALWAYS);
    Ok(())
}

/// The older version's client signs people in, writes, reads, edits and reacts, under fixed ids.
async fn older_client(
    program: &Path,
    cluster: &Cluster,
    when: &str,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let mut demo = Command::new(program);
    demo.args(["demo", "--url", &cluster.nginx.url()]);
    let done = ends_well(demo, "the older client").await?;
    outcome.promise(format!("the older client works {when}"), 1, usize::from(!done));
    Ok(())
}

async fn ends_well(mut command: Command, what: &str) -> Result<bool, Error> {
    command.kill_on_drop(true).stdin(std::process::Stdio::null());
    let late = |_| Error::Late { what: what.to_owned(), seconds: COMMAND.as_secs() };
    let output = timeout(COMMAND, command.output()).await.map_err(late)?;
    let output = output.map_err(|e| Error::io(what, e))?;
    if !output.status.success() {
        eprintln!("{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}
