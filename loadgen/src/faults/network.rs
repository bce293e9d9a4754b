//! Everything that the proxy can do to a connection, on every connection, while people write.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::context::{Context, PATIENCE, Writers, hurry};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::proc;
use crate::proxy::{Plan, Proxy};

const ROOMS: usize = 4;
/// Half-open connections are found soon: the run is over before the default would find them.
const HEARTBEAT: &[&str] = &["--heartbeat", "2s"];
/// What a connection may cost at most while its peer is as slow as it likes: the queue that is its own, and half as
/// much again for buffers.
const PER_CONNECTION: u64 = 3 << 19;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (clients, seconds) = context.size((48, 15), (64, 180));
    let server = context.server(HEARTBEAT).await?;
    let proxy = Proxy::new(server.addr(), Plan::bad_network(context.seed()));
    let rooms: Vec<String> = (0..ROOMS).map(|n| format!("room-{n}")).collect();
    let members = context
        .crowd(&server, &proxy, clients, |n| rooms.get(n % ROOMS).cloned().into_iter().collect())
        .await?;
    let before = proc::resident(server.pid()?)?;
    let _hurrying = hurry(members.iter().map(|member| &member.client));
    let writers = Writers::start(members.iter().enumerate().step_by(2).map(|(n, member)| Writer {
        client: member.client.clone(),
        name: format!("w{n}"),
        room: member.watcher.rooms.first().cloned().unwrap_or_default(),
        in_flight: 4,
        limit: None,
        pace: Some(Duration::from_millis(250)),
    }));
    sleep(Duration::from_secs(seconds)).await;
    // How much is said in that time is the machine's, and what it meets by then is drawn.
    let met = Instant::now() + PATIENCE;
    while proxy.tally().toxics().iter().any(|(_, count)| *count == 0) && Instant::now() < met {
        sleep(Duration::from_millis(100)).await;
    }
    context.say("the network is good again; the last ACKs");
    proxy.calm();
    for member in &members {
        member.door.cut();
    }
    let written = writers.finish().await?;
    let watchers: Vec<Watcher> = members.iter().map(|member| member.watcher.clone()).collect();
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;

    let mut outcome = Outcome::default();
    outcome.verdict(&verdict);
    for (toxic, count) in proxy.tally().toxics() {
        outcome.promise(format!("`{toxic}` came, so that it means something"), 1, usize::from(count == 0));
    }
    let growth = proc::peak(server.pid()?)?.saturating_sub(before);
    let bound = PER_CONNECTION * clients as u64;
    outcome.promise(
        format!("the server grows by 1.5 MiB for each of {clients} connections at most"),
        1,
        usize::from(growth > bound),
    );
    outcome.figure("what the proxy did", proxy.tally().line());
    outcome.figure("the server's memory grew by", format!("{:.1} MiB", growth as f64 / f64::from(1 << 20)));
    Ok(outcome)
}
