//! Everybody loses the server, once by SIGTERM and once by SIGKILL: all must be back soon, and miss nothing.

use std::time::Duration;

use tidings_client_native::Client;
use tokio::time::Instant;

use super::away::{self, Going, Return};
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proxy::{Plan, Proxy};
use crate::stats::percentile;

/// Members of a room.
const ROOM: usize = 20;
/// 99 of 100 are back within this time, from the moment on at which they may be: which the server has told each of them on
/// SIGTERM, and at which it serves again after SIGKILL.
const BACK: Duration = Duration::from_secs(5);
/// A connection that has stood for longer than the clients' ten seconds is a good one. Who loses one before waits as behind a
/// server that ends again and again, which is not what is asked here.
const STANDS: Duration = Duration::from_secs(11);
/// Of one that takes longer than this the course is told.
const LATE: Duration = Duration::from_secs(6);

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (count, variants): (usize, usize) = context.size((200, 1), (1_000, 3));
    let mut server = context.server(&[]).await?;
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
            tokio::time::sleep(context.size(Duration::ZERO, STANDS)).await;
            let lost = away::lose(&mut server, &clients, going).await?;
            let name = going.name();
            let invited: Vec<_> = members.iter().map(|member| member.watcher.seen.take_invited()).collect();
            let late = |one: &Return| {
                let from = match going {
                    Going::Drained => invited.get(one.client).copied().flatten().unwrap_or(lost.began),
                    Going::Killed => lost.served,
                };
                (lost.began + Duration::from_millis(one.after)).saturating_duration_since(from)
            };
            let times = away::times(&lost.returns);
            let mut waits: Vec<u64> = lost.returns.iter().map(|one| millis(late(one))).collect();
            waits.sort_unstable();
            let [median, high] = [0.5, 0.99].map(|share| percentile(&waits, share));
            let slowest = waits.last().copied().unwrap_or_default();
            context.say(format!("{name}: {} of {count} are back, p99 {high} ms", times.len()));
            outcome.promise(format!("after {name} everybody is back"), count, count - times.len());
            if let Going::Drained = going {
                let untold = invited.iter().filter(|invited| invited.is_none()).count();
                outcome.promise("on SIGTERM each is told when to come back", count, untold);
            }
            let from = match going {
                Going::Drained => "from when the server has told each on",
                Going::Killed => "from when it serves again on",
            };
            outcome.aim(
                format!("after {name} 99 of 100 are back within {BACK:?}, {from}"),
                1,
                usize::from(u128::from(high) > BACK.as_millis()),
            );
            outcome.figure(
                format!("back after {name}, {from}"),
                format!("median {median} ms, p99 {high} ms, slowest {slowest} ms"),
            );
            outcome.figure(
                format!("back after {name}, from the signal on"),
                format!("median {} ms, p99 {} ms", percentile(&times, 0.5), percentile(&times, 0.99)),
            );
            if let Some(last) = lost.returns.iter().max_by_key(|one| late(one)).filter(|one| late(one) > LATE)
            {
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
