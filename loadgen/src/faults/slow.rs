//! Readers that stop reading, among those that do not: they are closed, the others do not notice, and whoever comes
//! back misses nothing.

mod crowd;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::crowd::Crowd;
use super::context::Context;
use super::outcome::Outcome;
use crate::error::Error;
use crate::proc;
use crate::raw::Peer;
use crate::server::Server;
use crate::stats::percentile;

/// A reader that stalls is closed within this time: the buffers of the system and its queue of 1 MiB have to fill first.
const CLOSED: Duration = Duration::from_secs(60);
/// What a stalled reader may cost.
const PER_STALLED: u64 = 3 << 19;
/// What a server's memory moves by in any case.
const NOISE: u64 = 16 << 20;
/// Delays below this are the machine's, not the server's.
const FLOOR: f64 = 5.0;
const SESSIONS: &str = "websocket_connections_active";
const DROPPED: &str = "frames_dropped_total";

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    // Large messages fill a queue soon; with many readers the machine has enough to do with smaller ones.
    let (rooms, readers, many, bytes) = context.size((2, 40, 8, 15_000), (10, 500, 100, 6_000));
    let quiet = Duration::from_secs(context.size(2, 20));
    let server = context.server(&[]).await?;
    let crowd = Crowd::start(&server, rooms, readers, bytes).await?;
    sleep(quiet).await;
    let mut outcome = Outcome::default();
    let healthy = crowd.delays();
    let before = proc::resident(server.pid()?)?;

    let one = stall(context, &server, &crowd, 1, &mut outcome).await?;
    sleep(quiet).await;
    let with_one = crowd.delays();
    let all = stall(context, &server, &crowd, many, &mut outcome).await?;
    sleep(quiet).await;
    let with_many = crowd.delays();
    let growth = proc::peak(server.pid()?)?.saturating_sub(before);
    let (heads, broken) = crowd.stop().await?;

    outcome.promise(
        "who reads on gets every message once and in order",
        crowd_total(&heads, readers, rooms),
        broken.len(),
    );
    broken.into_iter().for_each(|text| outcome.example(text));
    outcome.promise(
        format!("the server grows by 1.5 MiB for each of {many} stalled readers at most"),
        1,
        usize::from(growth > PER_STALLED * many as u64 + NOISE),
    );
    let (mut due, mut missed) = (0, 0);
    for (room, last) in one.into_iter().chain(all) {
        let head = heads.get(room).copied().unwrap_or_default();
        due += 1;
        let got = crowd::resume(&server, room, last, head).await;
        if let Err(error) = &got {
            outcome.example(format!("a reader that came back to room {room}: {error}"));
        }
        missed += usize::from(got.is_err());
    }
    outcome.promise("a stalled reader that comes back misses nothing", due, missed);
    let p99 = |mut delays: Vec<u64>| {
        delays.sort_unstable();
        percentile(&delays, 0.99) as f64 / 1_000.0
    };
    let [healthy, with_one, with_many] = [healthy, with_one, with_many].map(p99);
    for (name, delay) in [("one", with_one), ("many", with_many)] {
        let bound = (healthy * 1.2).max(healthy + FLOOR);
        outcome.aim(
            format!("with {name} stalled the others' p99 is at most a fifth longer"),
            1,
            usize::from(delay > bound),
        );
    }
    outcome.figure("rooms, readers, stalled", format!("{rooms}, {readers}, 1 and then {many}"));
    outcome.figure(
        "p99 of a delivery to the others",
        format!(
            "{healthy:.1} ms with none, {with_one:.1} ms with one, {with_many:.1} ms with {many} stalled"
        ),
    );
    outcome.figure("the server's memory grew by", format!("{:.1} MiB", growth as f64 / f64::from(1 << 20)));
    Ok(outcome)
}

/// Lets readers join and read no more, and waits until the server has closed them. Returns where each stood.
async fn stall(
    context: &Context,
    server: &Server,
    crowd: &Crowd,
    count: usize,
    outcome: &mut Outcome,
) -> Result<Vec<(usize, u64)>, Error> {
    let (sessions, dropped) = (server.metric(SESSIONS).await?, server.metric(DROPPED).await?);
    let mut stalled: Vec<Peer> = Vec::with_capacity(count);
    let mut stood = Vec::with_capacity(count);
    for n in 0..count {
        let (peer, room, at) = crowd.stalled(server, n).await?;
        stalled.push(peer);
        stood.push((room, at));
    }
    let began = Instant::now();
    let mut left = server.metric(SESSIONS).await? - sessions;
    let all_in = left;
    while left > 0.0 && began.elapsed() < CLOSED {
        sleep(Duration::from_millis(250)).await;
        left = server.metric(SESSIONS).await? - sessions;
    }
    let took = began.elapsed();
    context.say(format!("{all_in} of {count} stalled; {left} are left after {took:.1?}"));
    outcome.promise(
        format!("of {count} stalled readers each is closed within {CLOSED:?}"),
        count,
        left.max(0.0) as usize,
    );
    let given_up = server.metric(DROPPED).await? - dropped;
    outcome.promise(
        format!("of {count}, as too slow: what waited was dropped"),
        1,
        usize::from(given_up <= 0.0),
    );
    outcome.figure(format!("{count} stalled: the last was closed after"), format!("{took:.1?}"));
    drop(stalled);
    Ok(stood)
}

fn crowd_total(heads: &[u64], readers: usize, rooms: usize) -> usize {
    let messages: u64 = heads.iter().sum();
    usize::try_from(messages).unwrap_or(usize::MAX).saturating_mul(readers / rooms.max(1))
}
