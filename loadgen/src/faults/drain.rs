//! SIGTERM while everything is open that can be open, with messages on their way.

mod everything;

use std::time::Duration;

use tokio::time::{Instant, sleep};

pub(super) use self::everything::Everything;
use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;

/// The default of `--drain-grace`: it ends within this time.
const GRACE: Duration = Duration::from_secs(10);
/// The default of `--drain-spread`.
const SPREAD: Duration = Duration::from_secs(10);
/// Clients that go on writing.
const WRITERS: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let sizes = context.size((200, 20, 20), (2_000, 200, 100));
    let mut server = context.server(&[]).await?;
    let rooms: Vec<String> = (0..WRITERS).map(|n| format!("room-{n}")).collect();
    let (mut writers, mut watchers): (Vec<Writer>, Vec<Watcher>) = (Vec::new(), Vec::new());
    for (n, room) in rooms.iter().enumerate() {
        let (client, watcher) =
            context.enter(&server, &server.url(), &format!("writer-{n}"), std::slice::from_ref(room)).await?;
        watchers.push(watcher);
        let (name, room) = (format!("w{n}"), room.clone());
        writers.push(Writer { client, name, room, in_flight: 16, limit: None, pace: None });
    }
    let open = Everything::open(server.addr(), &server.url(), |user| server.token(user), sizes).await?;
    let writers = Writers::start(writers);
    sleep(Duration::from_secs(1)).await;

    let (sessions, streams, halves) = sizes;
    context.say(format!("SIGTERM with {sessions} sessions, {streams} streams, {halves} half requests"));
    let (status, took) = server.terminate().await?;
    let told = open.until_told().await;
    server.restart().await?;
    let written = writers.finish().await?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;

    let mut outcome = Outcome::default();
    outcome.promise("the process ends by itself with 0", 1, usize::from(!status.success()));
    outcome.promise(format!("within {GRACE:?}"), 1, usize::from(took > GRACE));
    told.judge(SPREAD, &mut outcome);
    outcome.verdict(&verdict);
    outcome.figure("from SIGTERM to the end", format!("{took:.2?}"));
    Ok(outcome)
}
