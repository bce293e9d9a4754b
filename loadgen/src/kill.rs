//! Writers go on while the server is killed and started again; at the end the log is compared with what was
//! acknowledged.

mod verdict;
mod watcher;
mod writer;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tidings_client_native::{Client, Config};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use self::verdict::{Logged, Verdict};
use self::watcher::Watched;
use self::writer::{Acked, Written};
use crate::cli::KillArgs;
use crate::error::Error;
use crate::report::Report;
use crate::server::Server;

/// Writers of one room.
const TO_A_ROOM: usize = 2;
/// A restart should serve again within this time.
const BACK: Duration = Duration::from_secs(3);
/// After the last restart, all that is in flight must be acknowledged and seen within this time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The rate that clients keep to: fast enough that a kill always meets messages in flight.
const RATE: &[&str] = &["--max-frames-per-second", "400", "--frame-burst", "400"];

/// Runs the cycles, compares, prints the table. Fails where a promise was broken.
pub(crate) async fn run(args: &KillArgs) -> Result<ExitCode, Error> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("kill: {} cycles, {} writers, seed {seed}", args.cycles, args.writers);
    let mut server = Server::start(&args.server, RATE, None).await?;
    let rooms: Vec<String> = (0..args.writers.div_ceil(TO_A_ROOM)).map(|n| format!("room-{n}")).collect();

    let (stop, stopped) = watch::channel(false);
    let watchers = watch_all(&server, &rooms).await?;
    let mut clients: Vec<Client> = watchers.iter().map(|watched| watched.client().clone()).collect();
    let mut writers = JoinSet::new();
    for n in 0..args.writers {
        let room = rooms.get(n / TO_A_ROOM).cloned().unwrap_or_default();
        let client = connect(&server, &format!("writer-{n}")).await?;
        client.join(&room).await?;
        clients.push(client.clone());
        writers.spawn(writer::write(client, format!("w{n}"), room, stopped.clone()));
    }
    let starts = cycles(&mut server, &clients, args, seed).await?;

    eprintln!("kill: the last ACKs");
    stop.send_replace(true);
    let mut all = Written::default();
    let late = |what: &str| Error::Late { what: what.to_owned(), seconds: PATIENCE.as_secs() };
    let gather = async {
        while let Some(ended) = writers.join_next().await {
            let written = ended.map_err(|error| Error::Broken(format!("a writer has failed: {error}")))??;
            all.acked.extend(written.acked);
            all.again.extend(written.again);
        }
        Ok::<_, Error>(())
    };
    timeout(PATIENCE, gather).await.map_err(|_| late("the last ACKs"))??;
    compare(&server, &rooms, &all, watchers, &starts).await
}

async fn connect(server: &Server, name: &str) -> Result<Client, Error> {
    let (client, events) = Client::connect(Config::new(server.url(), server.token(name)?)).await?;
    drop(events);
    Ok(client)
}

async fn watch_all(server: &Server, rooms: &[String]) -> Result<Vec<Arc<Watched>>, Error> {
    let mut watchers = Vec::new();
    for room in rooms {
        let token = server.token(&format!("watcher-of-{room}"))?;
        watchers.push(watcher::start(Config::new(server.url(), token), room).await?);
    }
    Ok(watchers)
}

/// Kills and restarts. Returns how long each restart took. Clients whose connections keep breaking wait longer each
/// time, so they are told when to come back: else they would miss most of the next kills.
async fn cycles(
    server: &mut Server,
    clients: &[Client],
    args: &KillArgs,
    seed: u64,
) -> Result<Vec<Duration>, Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (least, most) = match args.every.as_slice() {
        [a, b] => (*a.min(b), *a.max(b)),
        _ => (1_000, 3_000),
    };
    let mut starts = Vec::with_capacity(args.cycles);
    for cycle in 1..=args.cycles {
        let alive = Duration::from_millis(random.u64(least..=most));
        sleep(alive).await;
        server.kill().await?;
        let took = server.restart().await?;
        eprintln!("kill: {cycle} of {}, after {alive:?}; it served again within {took:?}", args.cycles);
        starts.push(took);
        for client in clients {
            client.reconnect().await;
        }
    }
    sleep(Duration::from_millis(least)).await;
    Ok(starts)
}

async fn compare(
    server: &Server,
    rooms: &[String],
    written: &Written,
    watchers: Vec<Arc<Watched>>,
    starts: &[Duration],
) -> Result<ExitCode, Error> {
    let token = server.token("reader")?;
    let mut verdict = Verdict::default();
    let deadline = Instant::now() + PATIENCE;
    for (room, watched) in rooms.iter().zip(watchers) {
        let log = verdict::read(server.api(), &token, room).await?;
        let here: Vec<&Acked> = written.acked.iter().filter(|a| a.room == *room).collect();
        verdict.log(&log, &here);
        verdict.again(&log, written.again.iter().filter(|a| a.room == *room));
        let head = log.last().map_or(0, |entry: &Logged| entry.seq);
        verdict.seen(&log, &watched.until(head, deadline).await);
    }
    let late = starts.iter().filter(|took| **took > BACK).count();
    let slowest = starts.iter().max().copied().unwrap_or_default();
    let mut report = Report::new(&["promise", "tried", "broken"]);
    for (promise, tried, broken) in verdict.rows() {
        report.row([promise.to_owned(), tried.to_string(), broken.to_string()]);
    }
    report.row([
        format!("after SIGKILL it serves again within {BACK:?} (slowest {slowest:.1?})"),
        starts.len().to_string(),
        late.to_string(),
    ]);
    report.print()?;
    eprintln!("kill: {} ACKs had been lost with the server, and came with a resend", verdict.resent());
    let enough = written.acked.len() >= starts.len();
    if !enough {
        eprintln!("error: hardly anything was acknowledged, so nothing was tried");
    }
    Ok(if verdict.is_kept() && late == 0 && enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
