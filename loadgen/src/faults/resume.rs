//! Everybody loses the server, once by SIGTERM and once by SIGKILL: all must be back soon, and miss nothing.

use std::time::Duration;

use tidings_client_native::Client;
use tokio::time::Instant;

use super::away::{self, Going};
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proxy::{Plan, Proxy};
use crate::stats::percentile;

/// Members of a room.
const ROOM: usize = 20;
/// 99 of 100 are back within this time, from the signal on.
const BACK: Duration = Duration::from_secs(5);
/// Of one that takes longer than this, in milliseconds, the course is told.
const LATE: u64 = 6_000;
/// A drained server is back at once here, so clients need not be spread as over a slow start.
const DRAIN: &[&str] = &["--drain-spread", "3s"];

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (count, variants): (usize, usize) = context.size((200, 1), (1_000, 3));
    let mut server = context.server(DRAIN).await?;
    let rooms: Vec<String> = (0..count.div_ceil(ROOM)).map(|n| format!("room-{n}")).collect();
    let proxy = Proxy::new(server.addr(), Plan::clear());
    let members =
        context.crowd(&server, &proxy, count, |n| rooms.get(n / ROOM).cloned().into_iter().collect()).await?;
    let writers = Writers::start(members.iter().enumerate().step_by(ROOM).map(|(n, member)| Writer {
        client: member.client.clone(),
        name: format!("w{n}"),
        room: member.watcher.rooms.first().cloned().unwrap_or_default(),
        in_flight: 8,
        limit: None,
        pace: Some(Duration::from_millis(200)),
    }));
    let clients: Vec<Client> = members.iter().map(|member| member.client.clone()).collect();
    let mut outcome = Outcome::default();
    for _ in 0..variants {
        for going in [Going::Drained, Going::Killed] {
            let returns = away::lose(&mut server, &clients, going).await?;
            let times = away::times(&returns);
            let (median, high) = (percentile(&times, 0.5), percentile(&times, 0.99));
            let name = going.name();
            context.say(format!("{name}: {} of {count} are back, p99 {high} ms", times.len()));
            outcome.promise(format!("after {name} everybody is back"), count, count - times.len());
            outcome.aim(
                format!("after {name} 99 of 100 are back within {BACK:?}"),
                1,
                usize::from(u128::from(high) > BACK.as_millis()),
            );
            let slowest = times.last().copied().unwrap_or_default();
            outcome.figure(
                format!("back after {name}, from the signal on"),
                format!("median {median} ms, p99 {high} ms, slowest {slowest} ms"),
            );
            if let Some(last) = returns.last().filter(|last| last.after > LATE) {
                outcome.figure(format!("the slowest's course after {name}"), last.course());
            }
        }
    }
    let written = writers.finish().await?;
    let watchers: Vec<Watcher> = members.iter().map(|member| member.watcher.clone()).collect();
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    outcome.verdict(&check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?);
    Ok(outcome)
}
