//! All nodes are killed under a crowd, which comes back through nginx while each node takes so many connections a second
//! and no more.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::StatusCode;
use reqwest::header::{CONNECTION, RETRY_AFTER, UPGRADE};
use tidings_testbed::cluster::{Cluster, Services};
use tidings_testbed::node::Node;
use tokio::task::block_in_place;
use tokio::time::Instant;

use super::super::away::Return;
use super::idle::{self, Idle};
use super::{Context, FLAGS, LOGGED, NODES, Outcome, PATIENCE, apis, logs};
use crate::check::writer::{done, once_more};
use crate::check::{self, Written};
use crate::cluster;
use crate::error::Error;
use crate::events;
use crate::proc;
use crate::token::Secret;

/// A node answers so many refusals at once; past that it just closes.
const TOLD_AT_ONCE: usize = 256;
/// 99 of 100 are back within this time from the kill on, and the last one within the next.
const BACK: Duration = Duration::from_secs(30);
const ALL_BACK: Duration = Duration::from_secs(60);
/// The same on a machine that is busy.
const BACK_ALWAYS: Duration = Duration::from_secs(80);
/// In the short form, with a fiftieth of the clients, the last one.
const FEW_BACK: Duration = Duration::from_secs(30);
const FEW_BACK_ALWAYS: Duration = Duration::from_secs(40);
/// Who is one too many is answered or closed within this time.
const ANSWERED: Duration = Duration::from_secs(30);
/// Every so many clients one writes before it is back.
const WRITES: usize = 200;
/// Connections of one user who wants to connect with many others: fewer than one may have.
const EACH: usize = 16;
/// Statements to PostgreSQL for one that comes back; of few, what the nodes ask for at their start weighs more.
const MOST_STATEMENTS: f64 = 1.0;
/// What counts each statement.
const COUNTS: &str = "shared_preload_libraries=pg_stat_statements";
const BEGIN: &str = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
const FORGET: &str = "SELECT pg_stat_statements_reset()";
const COUNT: &str = "SELECT calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query NOT ILIKE '%pg_stat_%'
    ORDER BY calls DESC";

pub(in super::super) async fn run(context: &Context) -> Result<Outcome, Error> {
    // With the default of `--max-connects-per-second` in the long form.
    let (count, connects): (usize, usize) = context.size((100, 50), (5_000, 2_000));
    let connects_text = connects.to_string();
    let secret = Secret::random();
    let flags = [FLAGS, &["--max-connects-per-second", &connects_text]].concat();
    let mut plan = cluster::plan(&context.binary()?, &flags, secret.expose(), NODES);
    plan.variables.push(("RUST_LOG".to_owned(), LOGGED.to_owned()));
    let services = Services::start()?;
    services.postgres.stop_immediate()?;
    services.postgres.start_with(&[COUNTS])?;
    let places = services.places();
    let cluster = Cluster::on(services, &plan, |_| places.clone())?;
    cluster.database.sql(BEGIN)?;
    let crowd = Idle::enter(&cluster, &secret, count).await?;
    context.say(format!("{count} clients are in"));
    let steady = memory(&cluster, proc::resident)?;

    let mut outcome = Outcome::default();
    let (returning, killed) = (crowd.watch(), Instant::now());
    cluster.nodes.iter().for_each(Node::kill);
    cluster.database.sql(FORGET)?;
    for node in &cluster.nodes {
        block_in_place(|| node.start_again())?;
    }
    context.say(format!("all nodes are there again {:.1?} after they were killed", killed.elapsed()));
    let (returns, written) = tokio::join!(returning.first(count, PATIENCE), write(&crowd));
    let written = written?;
    let statements = cluster.database.sql(COUNT)?;
    let peak = memory(&cluster, proc::peak)?;
    // Before this run asks for what is not theirs.
    let answered = answers(&cluster.nginx.logged());
    let reader = secret.token("reader")?;
    logs::ask_with_a_token_in_the_query(&cluster, &reader);

    judge_times(context, count, &returns, &mut outcome);
    outcome.figure("what nginx answered to who came back", answered);
    judge_memory(&steady, &peak, &mut outcome);
    count_statements(&statements, count, context.size(None, Some(MOST_STATEMENTS)), &mut outcome);
    let [api, ..] = apis(&cluster)?;
    let rooms: Vec<String> = written.acked.iter().map(|acked| acked.room.clone()).collect();
    let deadline = Instant::now() + PATIENCE;
    let verdict = check::judge(&api, &reader, &rooms, &written, &crowd.watchers, deadline).await?;
    outcome.verdict(&verdict);
    // Behind all that asks a node: it refuses everybody for the rest of that second.
    salvo(&cluster, &secret, 2 * connects).await?.judge(&mut outcome);
    logs::search(&cluster, &reader, &mut outcome);
    logs::leave(context, &cluster, &outcome)?;
    Ok(outcome)
}

fn judge_times(context: &Context, count: usize, returns: &[Return], outcome: &mut Outcome) {
    let (most, times) = idle::times(returns, |one| one.after);
    let last = Duration::from_millis(returns.last().map_or(0, |one| one.after));
    context.say(format!("{} of {count} are back: {times}", returns.len()));
    outcome.promise("all nodes killed: all clients are back", count, count - returns.len());
    let (all_back, always) = context.size((FEW_BACK, FEW_BACK_ALWAYS), (ALL_BACK, BACK_ALWAYS));
    outcome.time("all nodes killed: 99 of 100 clients are back", most, BACK, always);
    outcome.time("all nodes killed: the last client is back", last, all_back, always);
    outcome.figure(format!("{count} clients back, from the kill on"), times);
}

fn judge_memory(steady: &[u64], peak: &[u64], outcome: &mut Outcome) {
    let [before, after] = [steady, peak].map(|nodes| nodes.iter().max().copied().unwrap_or_default());
    let growth = usize::from(after > before + before / 2);
    outcome.aim("a node's memory stays within 1.5 times what it was", 1, growth);
    for (what, nodes) in [("before", steady), ("at its peak after", peak)] {
        let each = nodes.iter().map(|bytes| format!("{:.0} MiB", *bytes as f64 / f64::from(1 << 20)));
        outcome.figure(format!("memory of each node {what}"), each.collect::<Vec<_>>().join(", "));
    }
}

/// Each message is acknowledged once its writer is back, and is sent once more then.
async fn write(crowd: &Idle) -> Result<Written, Error> {
    let failed = |source| Error::Send { what: "a message of the storm".to_owned(), source };
    let writers = crowd.clients.iter().zip(&crowd.watchers).step_by(WRITES);
    let writing = writers.filter_map(|(client, watcher)| Some((client, watcher.rooms.first()?)));
    let writing = writing.map(|(client, room)| async move {
        let content = "w 1".to_owned();
        let acked = done(room, content.clone(), client.send(room, content).await.map_err(failed)?).await?;
        let again = once_more(client, &acked).await?;
        Ok::<_, Error>((acked, again))
    });
    let (acked, again) = join_all(writing).await.into_iter().collect::<Result<_, _>>()?;
    Ok(Written { acked, again })
}

/// What many were answered who wanted to connect at once.
struct Refused {
    taken: usize,
    told_when: usize,
    closed: usize,
    others: Vec<String>,
}

/// More than a node takes in a second, at once; past nginx, which asks another node then.
async fn salvo(cluster: &Cluster, secret: &Secret, count: usize) -> Result<Refused, Error> {
    let Some(node) = cluster.nodes.first() else { return Err(Error::Broken("there is no node".to_owned())) };
    let url = format!("{}/ws/chat", node.url());
    let http = events::client(&url)?;
    let users = (0..count.div_ceil(EACH)).map(|n| secret.token(&format!("salvo-{n}")));
    let tokens: Vec<String> = users.collect::<Result<_, _>>()?;
    let asking = tokens.iter().cycle().take(count).map(|token| {
        let request = http.get(&url).bearer_auth(token);
        let upgrade = request.header(CONNECTION, "upgrade").header(UPGRADE, "websocket");
        upgrade
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .timeout(ANSWERED)
            .send()
    });
    let mut refused = Refused { taken: 0, told_when: 0, closed: 0, others: Vec::new() };
    for answer in join_all(asking).await {
        match answer {
            Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => refused.taken += 1,
            Ok(answer)
                if answer.status() == StatusCode::SERVICE_UNAVAILABLE
                    && answer.headers().contains_key(RETRY_AFTER) =>
            {
                refused.told_when += 1;
            }
            Ok(answer) => refused.others.push(answer.status().to_string()),
            Err(error) if error.is_timeout() => refused.others.push("none".to_owned()),
            Err(_) => refused.closed += 1,
        }
    }
    Ok(refused)
}

impl Refused {
    fn judge(self, outcome: &mut Outcome) {
        let Self { taken, told_when, closed, mut others } = self;
        let told = (told_when + closed).min(TOLD_AT_ONCE);
        outcome.promise(
            format!("who is one too many is told so by 503 with Retry-After, {TOLD_AT_ONCE} at a time"),
            told,
            told.saturating_sub(told_when) + others.len(),
        );
        others.sort_unstable();
        others.dedup();
        outcome.figure(
            "twice as many at once as a node takes in a second",
            format!(
                "{taken} taken, {told_when} told when to come back, {closed} just closed; other answers: {others:?}"
            ),
        );
    }
}

/// How often nginx gave each answer to who wanted to upgrade.
fn answers(log: &str) -> String {
    let mut counted = BTreeMap::<&str, usize>::new();
    for line in log.lines().filter(|line| line.contains("\"path\":\"/ws/chat\"")) {
        let status = line.split_once("\"status\":\"").and_then(|(_, rest)| rest.get(..3));
        *counted.entry(status.unwrap_or("none")).or_default() += 1;
    }
    counted.into_iter().map(|(status, count)| format!("{count} × {status}")).collect::<Vec<_>>().join(", ")
}

/// All statements of all nodes since they were killed, for each client: the few of the nodes' own starts and clocks too.
fn count_statements(told: &str, count: usize, most: Option<f64>, outcome: &mut Outcome) {
    let lines = told.lines().filter_map(|line| line.split_once('|'));
    let counted: Vec<(usize, &str)> =
        lines.filter_map(|(calls, query)| Some((calls.trim().parse().ok()?, query))).collect();
    let all: usize = counted.iter().map(|(calls, _)| calls).sum();
    let each = |calls: usize| format!("{:.2}", calls as f64 / count as f64);
    if let Some(most) = most {
        let broken = usize::from(!(0.01..=most).contains(&(all as f64 / count as f64)));
        outcome.promise(format!("a client that comes back costs at most {most} statement"), 1, broken);
    }
    outcome.figure("statements to PostgreSQL for each client that came back", each(all));
    for (calls, query) in counted.iter().take(6) {
        outcome.figure(format!("`{query}`"), each(*calls));
    }
}

fn memory(cluster: &Cluster, of: impl Fn(u32) -> Result<u64, Error>) -> Result<Vec<u64>, Error> {
    cluster.nodes.iter().filter_map(Node::id).map(of).collect()
}
