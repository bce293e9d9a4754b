//! Memory of connections that do nothing, and what it costs to make one.

use std::time::{Duration, Instant};

use crate::bench::crowd::{self, Crowd};
use crate::bench::{judged, settle};
use crate::cli::BenchArgs;
use crate::error::Error;
use crate::proc;
use crate::report::Report;
use crate::server::Server;
use crate::stats::percentile;

/// Connections made and closed before anything is counted, so that what a server makes once is there.
const WARM_UP: usize = 200;
/// Members of each room in the second half.
const ROOM: usize = 10;
/// Bytes of the message that is sent to each room.
const PAYLOAD: usize = 128;

/// Adds four rows.
pub(super) async fn measure(server: &Server, args: &BenchArgs, report: &mut Report) -> Result<(), Error> {
    let (pid, count) = (server.pid()?, args.connections);
    eprintln!("idle: {WARM_UP} connections to warm up, then {count}");
    drop(Crowd::connect(server, "warm", WARM_UP.min(count)).await?);
    settle(server).await?;

    let (memory, cpu) = (proc::resident(pid)?, proc::cpu(pid)?);
    let crowd = Crowd::connect(server, "idle", count).await?;
    let connecting = proc::cpu(pid)? - cpu;
    settle(server).await?;
    let idle = per_connection(proc::resident(pid)?, memory, count);
    let [figure, aim] = judged(idle / 1024.0, "KiB", 12.0);
    let remark = format!(
        "RSS of the server: {:.1} MiB before, {:.1} MiB after",
        mebibytes(memory),
        mebibytes(proc::resident(pid)?)
    );
    report.row([format!("memory of an idle connection, at {count}"), figure, aim, remark]);

    eprintln!("idle: all join a room of {ROOM}");
    let crowd = crowd.join(|n| format!("room-{}", n / ROOM)).await?;
    settle(server).await?;
    let joined = per_connection(proc::resident(pid)?, memory, count) / 1024.0;
    report.row([
        format!("the same, each in a room of {ROOM}"),
        format!("{joined:.1} KiB"),
        String::new(),
        "rooms and members included".to_owned(),
    ]);

    eprintln!("idle: a message to each room");
    let crowd = crowd.listen();
    for n in (0..count).step_by(ROOM) {
        crowd.say(n, crowd::message(&format!("room-{}", n / ROOM), PAYLOAD)).await?;
    }
    crowd.heard(count as u64).await?;
    settle(server).await?;
    let used = per_connection(proc::resident(pid)?, memory, count) / 1024.0;
    report.row([
        "the same, once each has been sent a message".to_owned(),
        format!("{used:.1} KiB"),
        String::new(),
        "what delivering leaves behind".to_owned(),
    ]);
    connects(server, connecting, count, report).await
}

async fn connects(
    server: &Server,
    connecting: Duration,
    count: usize,
    report: &mut Report,
) -> Result<(), Error> {
    let mut times = Vec::with_capacity(WARM_UP);
    for n in 0..WARM_UP {
        let token = server.token(&format!("timed-{n}"))?;
        let began = Instant::now();
        let _peer = crowd::enter(server.addr(), &token).await?;
        times.push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    times.sort_unstable();
    let cost = connecting.as_secs_f64() * 1e6 / count as f64;
    let (median, high) = (percentile(&times, 0.5), percentile(&times, 0.99));
    report.row([
        "server CPU of a connect".to_owned(),
        format!("{cost:.0} µs"),
        String::new(),
        format!("token checked, greeting sent; one after the other it takes {median} µs (p99 {high} µs)"),
    ]);
    Ok(())
}

fn per_connection(after: u64, before: u64, count: usize) -> f64 {
    after.saturating_sub(before) as f64 / count.max(1) as f64
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
