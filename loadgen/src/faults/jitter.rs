//! Many clients, each without network for up to two seconds now and then, while messages flow: half of the times the
//! connection breaks, half of the times nothing is heard and it goes on.

use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::context::{Context, Member, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proxy::{Network, Plan, Proxy};

/// Members of a room.
const ROOM: usize = 50;
/// Without network, in milliseconds.
const OUT: std::ops::Range<u64> = 100..2_000;
/// With it, in between.
const IN: std::ops::Range<u64> = 1_000..8_000;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (count, seconds): (usize, u64) = context.size((150, 10), (1_000, 120));
    let server = context.server(&[]).await?;
    let proxy = Proxy::new(server.addr(), Plan::clear());
    let rooms: Vec<String> = (0..count.div_ceil(ROOM)).map(|n| format!("room-{n}")).collect();
    let members =
        context.crowd(&server, &proxy, count, |n| rooms.get(n / ROOM).cloned().into_iter().collect()).await?;
    context.say(format!("{count} clients are in; the network begins to fail"));
    let writers = Writers::start(members.iter().enumerate().step_by(ROOM).map(|(n, member)| Writer {
        client: member.client.clone(),
        name: format!("w{n}"),
        room: member.watcher.rooms.first().cloned().unwrap_or_default(),
        in_flight: 16,
        limit: None,
        pace: Some(Duration::from_millis(250)),
    }));
    let watchers: Vec<Watcher> = members.iter().map(|member| member.watcher.clone()).collect();
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut failing = JoinSet::new();
    let mut random = context.random();
    for member in members {
        failing.spawn(fail(member, random.fork(), began, end));
    }
    let ended = failing.join_all().await;
    let outages: usize = ended.iter().map(|(_, outages)| outages).sum();
    let untroubled = ended.iter().filter(|(_, outages)| *outages == 0).count();
    let written = writers.finish().await?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;
    drop(ended);

    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let (shown, otherwise) = verdict.shown();
    outcome.promise("every client lost its network, so that it means something", count, untroubled);
    outcome.figure("clients, outages", format!("{count}, {outages}"));
    outcome.figure("connections in all", proxy.tally().connections().to_string());
    let share = 100.0 * (shown - otherwise.min(shown)) as f64 / shown.max(1) as f64;
    outcome.figure("delivered to those it was due to", format!("{share:.3} % of {shown}"));
    Ok(outcome)
}

/// Takes one client's network away again and again until the end. Returns how often. The first time is in the first half,
/// so that on a busy machine too there is one.
async fn fail(member: Member, mut random: Rng, began: Instant, end: Instant) -> (Member, usize) {
    let (mut outages, half) = (0, (end - began) / 2);
    let mut next = began + Duration::from_millis(random.u64(IN)).min(half);
    while next < end {
        sleep_until(next).await;
        member.door.set(if random.bool() { Network::Down } else { Network::Silent });
        outages += 1;
        sleep_until(end.min(Instant::now() + Duration::from_millis(random.u64(OUT)))).await;
        member.door.set(Network::Up);
        next = Instant::now() + Duration::from_millis(random.u64(IN));
    }
    sleep_until(end).await;
    (member, outages)
}
