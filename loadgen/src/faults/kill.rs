//! Writers go on while the server is killed and started again.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tidings_client_native::Client;
use tokio::time::{Instant, sleep};

use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Writer};
use crate::error::Error;
use crate::server::Server;

const WRITERS: usize = 8;
/// Writers of one room.
const TO_A_ROOM: usize = 2;
const IN_FLIGHT: usize = 16;
/// A restart should serve again within this time.
const BACK: Duration = Duration::from_secs(3);
/// The rate that clients keep to: fast enough that a kill always meets messages in flight.
const RATE: &[&str] = &["--max-frames-per-second", "400", "--frame-burst", "400"];
/// What the short and the long form must have had acknowledged to mean something.
const ENOUGH: (usize, usize) = (2_000, 50_000);

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let mut server = context.server(RATE).await?;
    let rooms: Vec<String> = (0..WRITERS.div_ceil(TO_A_ROOM)).map(|n| format!("room-{n}")).collect();
    let (mut clients, mut watchers, mut writers) = (Vec::new(), Vec::new(), Vec::new());
    for room in &rooms {
        let user = format!("watcher-of-{room}");
        let (client, watcher) =
            context.enter(&server, &server.url(), &user, std::slice::from_ref(room)).await?;
        clients.push(client);
        watchers.push(watcher);
    }
    for n in 0..WRITERS {
        let room = rooms.get(n / TO_A_ROOM).cloned().unwrap_or_default();
        let (client, _) = context
            .enter(&server, &server.url(), &format!("writer-{n}"), std::slice::from_ref(&room))
            .await?;
        clients.push(client.clone());
        let name = format!("w{n}");
        writers.push(Writer { client, name, room, in_flight: IN_FLIGHT, limit: None, pace: None });
    }
    let writers = Writers::start(writers);
    let starts = cycles(context, &mut server, &clients).await?;
    context.say("the last ACKs");
    let written = writers.finish().await?;
    let token = server.token("reader")?;
    let deadline = Instant::now() + PATIENCE;
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;

    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    let (late, slowest) = (
        starts.iter().filter(|took| **took > BACK).count(),
        starts.iter().max().copied().unwrap_or_default(),
    );
    outcome.promise(format!("after SIGKILL it serves again within {BACK:?}"), starts.len(), late);
    server.kill().await?;
    let integrity = integrity(&server).await?;
    let broken = integrity != "ok";
    outcome.promise("SQLite's own check of the file finds nothing", 1, usize::from(broken));
    if broken {
        outcome.example(integrity);
    }
    let wanted = context.size(ENOUGH.0, ENOUGH.1);
    let too_few = verdict.acked() < wanted;
    outcome.promise(
        format!("at least {wanted} were acknowledged, so that it means something"),
        1,
        usize::from(too_few),
    );
    outcome.figure(
        "ACKs that had been lost with the server and came with a resend",
        written.resent().to_string(),
    );
    outcome.figure("slowest restart", format!("{slowest:.1?}"));
    Ok(outcome)
}

/// Kills and restarts. Returns how long each restart took. Clients whose connections keep breaking wait longer each
/// time, so they are told when to come back: else they would miss most of the next kills.
async fn cycles(context: &Context, server: &mut Server, clients: &[Client]) -> Result<Vec<Duration>, Error> {
    let mut random = context.random();
    let (cycles, every) = context.size((10, 500..1_200), (100, 1_000..3_000));
    let mut starts = Vec::with_capacity(cycles);
    for cycle in 1..=cycles {
        let alive = Duration::from_millis(random.u64(every.clone()));
        sleep(alive).await;
        server.kill().await?;
        let took = server.restart().await?;
        context.say(format!("{cycle} of {cycles}, after {alive:?}; it served again within {took:?}"));
        starts.push(took);
        for client in clients {
            client.reconnect().await;
        }
    }
    sleep(Duration::from_millis(every.start)).await;
    Ok(starts)
}

/// What `PRAGMA integrity_check` says of the database that a killed server has left.
pub(super) async fn integrity(server: &Server) -> Result<String, Error> {
    let file = server.database();
    let failed = |source| Error::Database { file: file.display().to_string(), source };
    let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.map_err(failed)?;
    sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.map_err(failed)
}
