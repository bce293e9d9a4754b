//! Readers that stop reading, among those that do not: they are closed, the others do not notice, and whoever comes
//! back misses nothing.

mod crowd;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::crowd::Crowd;
use super::context::Context;
use super::outcome::Outcome;
use super::rounds::{self, Round};
use crate::error::Error;
use crate::proc;
use crate::raw::Peer;
use crate::server::Server;

/// A reader that stalls is closed within this time: when 1 MiB waits or it has taken nothing for 10 s, and then it has
/// what is left of the 10 s, or 2 s, to take the rest of a frame and the reason. The rest is for the machine.
const CLOSED: Duration = Duration::from_secs(15);
/// What a stalled reader may cost.
const PER_STALLED: u64 = 3 << 19;
/// What the others' p99 may grow by.
const FIFTH: f64 = 1.2;
/// How often the server is looked at while readers stall.
const LOOK: Duration = Duration::from_millis(250);
const SESSIONS: &str = "websocket_connections_active";
const DROPPED: &str = r#"frames_dropped_total{reason="slow_session"}"#;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    // Large messages fill a queue soon; with many readers the machine has enough to do with smaller ones.
    let (rooms, readers, many, bytes) = context.size((2, 40, 8, 15_000), (10, 500, 100, 6_000));
    let (turns, pause) = context.size((3, Duration::from_secs(4)), (8, Duration::from_secs(12)));
    let server = context.server(&[]).await?;
    let crowd = Crowd::start(&server, rooms, readers, bytes).await?;
    // Its caches fill, and the machine takes its first files and pages.
    sleep(pause).await;
    let mut outcome = Outcome::default();
    for (count, what) in [(1, "one stalled reader".to_owned()), (many, format!("{many} stalled readers"))] {
        let others = (readers + rooms) as f64;
        let stalls = Stalls { context, server: &server, crowd: &crowd, others, count, what };
        let mut compared = Vec::with_capacity(turns);
        for _ in 0..turns {
            crowd.delays();
            sleep(pause).await;
            let pause = crowd.delays();
            let during = stalls.once(&mut outcome).await?;
            compared.push(Round { pause, during });
        }
        let aim = format!("with {} the others' p99 is at most a fifth longer", stalls.what);
        rounds::compare(&mut outcome, &aim, FIFTH, &stalls.what, compared);
    }
    let (heads, broken) = crowd.stop().await?;
    outcome.promise(
        "who reads on gets every message once and in order",
        crowd_total(&heads, readers, rooms),
        broken.len(),
    );
    broken.into_iter().for_each(|text| outcome.example(text));
    outcome.figure("rooms, readers, stalled", format!("{rooms}, {readers}, 1 and then {many}"));
    Ok(outcome)
}

/// So many readers that stall at once, again and again.
struct Stalls<'a> {
    context: &'a Context,
    server: &'a Server,
    crowd: &'a Crowd,
    /// Sessions of those who read and write.
    others: f64,
    count: usize,
    what: String,
}

impl Stalls<'_> {
    /// Lets readers join and read no more, waits until the server has closed them, and lets them come back. Returns what
    /// the others waited until all were closed.
    async fn once(&self, outcome: &mut Outcome) -> Result<Vec<u64>, Error> {
        let Self { context, server, crowd, others, count, what } = self;
        let dropped = server.metric(DROPPED).await?;
        let pid = server.pid()?;
        let before = proc::resident(pid)?;
        let mut stalled: Vec<Peer> = Vec::with_capacity(*count);
        let mut stood = Vec::with_capacity(*count);
        for n in 0..*count {
            let (peer, room, at) = crowd.stalled(server, n).await?;
            stalled.push(peer);
            stood.push((room, at));
        }
        // What it takes to come in is not what is measured.
        crowd.delays();
        let began = Instant::now();
        let (mut left, mut peak) = (*count as f64, before);
        while left > 0.0 && began.elapsed() < CLOSED {
            sleep(LOOK).await;
            peak = peak.max(proc::resident(pid)?);
            left = server.metric(SESSIONS).await? - others;
        }
        let (took, during) = (began.elapsed(), crowd.delays());
        let given_up = server.metric(DROPPED).await? - dropped;
        drop(stalled);
        context.say(format!("of {what} {left} are left after {took:.1?}"));
        outcome.promise(format!("{what}: closed within {CLOSED:?}"), *count, left.max(0.0) as usize);
        // It counts frames: how many of them waited for each, nobody knows.
        outcome.promise(
            format!("{what}: frames are counted as dropped because a session was too slow"),
            1,
            usize::from(given_up <= 0.0),
        );
        let growth = peak.saturating_sub(before);
        if *count > 1 {
            outcome.promise(
                format!("{what}: the server grows by at most 1.5 MiB for each"),
                1,
                usize::from(growth > PER_STALLED * *count as u64),
            );
        }
        outcome.figure(
            format!("{what}: the last was closed after, and the server grew by"),
            format!("{took:.1?}, {:.1} MiB", growth as f64 / f64::from(1 << 20)),
        );
        let mut missed = 0;
        for (room, last) in stood {
            if let Err(error) = crowd::resume(server, room, last, crowd.head(room)).await {
                outcome.example(format!("a reader that came back to room {room}: {error}"));
                missed += 1;
            }
        }
        outcome.promise("a stalled reader that comes back misses nothing", *count, missed);
        Ok(during)
    }
}

fn crowd_total(heads: &[u64], readers: usize, rooms: usize) -> usize {
    let messages: u64 = heads.iter().sum();
    usize::try_from(messages).unwrap_or(usize::MAX).saturating_mul(readers / rooms.max(1))
}
