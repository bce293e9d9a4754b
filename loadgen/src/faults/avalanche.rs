//! The server is killed under thousands of clients at once.

use std::time::Duration;

use futures_util::future::try_join_all;
use tidings_client_native::Client;
use tokio::time::Instant;

use super::away::{self, Going};
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proc;
use crate::stats::percentile;

/// Members of a room.
const ROOM: usize = 10;
/// Every so many rooms one is written to.
const WRITTEN_TO: usize = 20;
/// Clients that connect at the same time in the beginning.
const AT_ONCE: usize = 32;
/// Files beside the connections.
const OTHERS: usize = 64;
/// The busiest second holds at most so many times the mean of the time in which 99 of 100 come back.
const BUSIEST: f64 = 3.0;
/// Readings of the store for one that comes back into one room, with what the writers and the probes cost beside. Its user, its
/// membership, where room and inbox stand, the markers, and a page where messages were missed: each is read for many at once.
const MOST_READS: f64 = 1.0;
/// The same where so few come back that not so many are read for together.
const MOST_READS_OF_FEW: f64 = 5.5;
const READS: &str = "store_reads_total";
const OPENED: &str = "websocket_connections_opened_total";
/// 99 of 100 are back within this time, from the kill on, and the last one within the next.
const BACK: Duration = Duration::from_secs(30);
const ALL_BACK: Duration = Duration::from_secs(60);

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for count in context.size(&[500][..], &[5_000, 10_000][..]) {
        fall(context, *count, &mut outcome).await?;
    }
    Ok(outcome)
}

async fn fall(context: &Context, count: usize, outcome: &mut Outcome) -> Result<(), Error> {
    let limit = proc::file_limit()?;
    if limit < count + OTHERS {
        return Err(Error::Files { wanted: count + OTHERS, limit });
    }
    let mut server = context.server_named(&format!("server-{count}"), &[]).await?;
    let rooms: Vec<String> = (0..count.div_ceil(ROOM)).map(|n| format!("room-{n}")).collect();
    let (mut clients, mut watchers): (Vec<Client>, Vec<Watcher>) = (Vec::new(), Vec::new());
    let url = server.url();
    for first in (0..count).step_by(AT_ONCE) {
        let entering = (first..count.min(first + AT_ONCE)).map(|n| {
            let (server, url, rooms) =
                (&server, &url, rooms.get(n / ROOM).cloned().into_iter().collect::<Vec<_>>());
            async move { context.enter(server, url, &format!("user-{n}"), &rooms).await }
        });
        for (client, watcher) in try_join_all(entering).await? {
            clients.push(client);
            watchers.push(watcher);
        }
    }
    context.say(format!("{count} clients are in"));
    let writers =
        Writers::start(clients.iter().enumerate().step_by(ROOM * WRITTEN_TO).map(|(n, client)| Writer {
            client: client.clone(),
            name: format!("w{n}"),
            room: rooms.get(n / ROOM).cloned().unwrap_or_default(),
            in_flight: 8,
            limit: None,
            pace: Some(Duration::from_millis(250)),
        }));
    let steady = proc::peak(server.pid()?)?;
    let times = away::times(&away::lose(&mut server, &clients, Going::Killed).await?.returns);
    // The new process has counted nothing but what their return has cost.
    let reads = server.metric(READS).await? / server.metric(OPENED).await?.max(1.0);
    let (median, high) = (percentile(&times, 0.5), percentile(&times, 0.99));
    let slowest = times.last().copied().unwrap_or_default();
    context.say(format!("{} of {count} are back, the last after {slowest} ms", times.len()));
    let written = writers.finish().await?;
    let peak = proc::peak(server.pid()?)?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let written_to: Vec<String> = rooms.iter().step_by(WRITTEN_TO).cloned().collect();
    let verdict = check::judge(server.api(), &token, &written_to, &written, &watchers, deadline).await?;

    outcome.promise(
        format!("of {count} clients that lose a killed server all are back"),
        count,
        count - times.len(),
    );
    let late = |bound: Duration| move |time: &&u64| u128::from(**time) > bound.as_millis();
    let (after_back, after_all) =
        (times.iter().filter(late(BACK)).count(), times.iter().filter(late(ALL_BACK)).count());
    outcome.aim(format!("99 of 100 are back within {BACK:?}"), count, after_back.saturating_sub(count / 100));
    outcome.aim(format!("the last is back within {ALL_BACK:?}"), count, after_all);
    let busy = busiest_of_mean(&times);
    outcome.aim(
        format!("the busiest second of their return holds at most {BUSIEST} times the mean"),
        1,
        usize::from(busy > BUSIEST),
    );
    outcome.aim(
        "the server's memory stays within 1.5 times what it was",
        1,
        usize::from(peak > steady + steady / 2),
    );
    let most = context.size(MOST_READS_OF_FEW, MOST_READS);
    outcome.promise(
        format!("a client that comes back costs at most {most} readings of the store"),
        1,
        usize::from(!(0.01..=most).contains(&reads)),
    );
    outcome.figure(format!("readings of the store, each of {count} clients"), format!("{reads:.1}"));
    outcome.verdict(&verdict);
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    outcome.figure(
        format!("{count} clients back, from the kill on"),
        format!(
            "median {median} ms, p99 {high} ms, last {slowest} ms; busiest second {}, {busy:.1} times the mean",
            busiest_second(&times)
        ),
    );
    outcome.figure(
        format!("the server's memory at its peak, {count} clients"),
        format!("{:.0} MiB before, {:.0} MiB after", mebibytes(steady), mebibytes(peak)),
    );
    Ok(())
}

/// The most that came back within one second.
fn busiest_second(sorted: &[u64]) -> usize {
    let from =
        |(n, time): (usize, &u64)| sorted.iter().skip(n).take_while(|later| **later < time + 1_000).count();
    sorted.iter().enumerate().map(from).max().unwrap_or_default()
}

/// The same in terms of the mean, from the first that is back to 99 of 100, which is a second at least.
fn busiest_of_mean(sorted: &[u64]) -> f64 {
    let span = percentile(sorted, 0.99).saturating_sub(sorted.first().copied().unwrap_or_default());
    let mean = sorted.len() as f64 * 1_000.0 / span.max(1_000) as f64;
    busiest_second(sorted) as f64 / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_may_begin_anywhere() {
        assert_eq!(busiest_second(&[0, 900, 1_100, 1_800, 5_000]), 3);
        assert_eq!(busiest_second(&[]), 0);
    }

    #[test]
    fn an_even_return_has_the_mean_in_its_busiest_second_and_a_herd_has_more() {
        let even: Vec<u64> = (0..1_000).map(|n| 700 + n * 10).collect();
        assert!((0.9..1.1).contains(&busiest_of_mean(&even)), "{}", busiest_of_mean(&even));
        let mut herd: Vec<u64> = (0..900).chain((0..100).map(|n| n * 100)).collect();
        herd.sort_unstable();
        assert!(busiest_of_mean(&herd) > 3.0);
    }
}
