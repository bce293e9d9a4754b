//! The server's clock is set ten minutes forward and back, again and again, while people write: by libfaketime, which
//! stands between the real binary and the system's time of day. Spans of time go on as they do.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tidings_client_native::State;
use tokio::time::{Instant, sleep};

use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::server::Server;

const CLIENTS: usize = 8;
/// What the clock is set by, in seconds.
const STEPS: [i64; 4] = [600, 0, -600, 0];
/// How long it stays so.
const STAYS: Duration = Duration::from_secs(2);
/// How far the server's clock may be from where it was set, in seconds.
const NEAR: i64 = 5;
/// Seconds behind its end for which a token counts.
const LEEWAY: i64 = 30;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let rounds = context.size(2, 30);
    let folder = context.folder_of("server");
    std::fs::create_dir_all(&folder).map_err(|e| Error::io("make a folder for the server", e))?;
    let file = folder.join("clock");
    set(&file, 0)?;
    let under = [
        "env".to_owned(),
        format!("LD_PRELOAD={}", library()?.display()),
        format!("FAKETIME_TIMESTAMP_FILE={}", file.display()),
        "FAKETIME_NO_CACHE=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ];
    let server = context.server_under(&under, "server", &[]).await?;
    let rooms = ["room-0".to_owned(), "room-1".to_owned()];
    let (mut clients, mut watchers, mut writers) = (Vec::new(), Vec::<Watcher>::new(), Vec::new());
    for n in 0..CLIENTS {
        let (client, watcher) = context.enter(&server, &server.url(), &format!("user-{n}"), &rooms).await?;
        writers.push(Writer {
            client: client.clone(),
            name: format!("w{n}"),
            room: rooms.get(n % 2).cloned().unwrap_or_default(),
            in_flight: 4,
            limit: None,
            pace: Some(Duration::from_millis(50)),
        });
        clients.push(client);
        watchers.push(watcher);
    }
    let writers = Writers::start(writers);
    let mut outcome = Outcome::default();
    for step in STEPS.into_iter().cycle().take(rounds * STEPS.len()) {
        set(&file, step)?;
        sleep(STAYS).await;
        let ahead = ahead(&server).await?;
        outcome.promise("the clock is where it was set", 1, usize::from((ahead - step).abs() > NEAR));
        for (ends_in, counts) in [(-LEEWAY - NEAR, false), (-LEEWAY + NEAR, true), (NEAR, true)] {
            let token = server.token_until("late", now() + step + ends_in)?;
            let answer: Result<Value, Error> = server.api().get(&token, "/api/v1/rooms").await;
            let is_taken = match answer {
                Ok(_) => true,
                Err(Error::Refused { status: 401, .. }) => false,
                Err(error) => return Err(error),
            };
            let promise = "a token counts by the clock as it is, and thirty seconds more";
            outcome.promise(promise, 1, usize::from(is_taken != counts));
        }
        let lost = clients.iter().filter(|client| client.watch().borrow().state != State::Connected).count();
        outcome.promise("who is connected stays connected", CLIENTS, lost);
    }
    let written = writers.finish().await?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;
    outcome.verdict(&verdict);
    Ok(outcome)
}

fn set(file: &Path, ahead: i64) -> Result<(), Error> {
    // Moved into its place, so that it is never read half written.
    let next = file.with_extension("next");
    let written = std::fs::write(&next, format!("{ahead:+}s\n")).and_then(|()| std::fs::rename(&next, file));
    written.map_err(|e| Error::io("set the server's clock", e))
}

/// By how much the server's clock is ahead, in seconds: it says when a ticket of half a minute ends.
async fn ahead(server: &Server) -> Result<i64, Error> {
    let token = server.token_until("clock", now() + 24 * 3_600)?;
    let ticket: Value = server.api().post(&token, "/api/v1/auth/ticket", &json!({})).await?;
    let ends: tidings_protocol::Timestamp = serde_json::from_value(ticket["expiresAt"].clone())
        .map_err(|_| Error::Broken(format!("no ticket: {ticket}")))?;
    Ok(ends.as_millis() / 1_000 - 30 - now())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Where Debian keeps it, whatever the machine.
fn library() -> Result<PathBuf, Error> {
    let missing = || Error::Server("libfaketime is missing: apt-get install libfaketime".to_owned());
    let folders = std::fs::read_dir("/usr/lib").map_err(|e| Error::io("look for libfaketime", e))?;
    let found = folders.flatten().map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    found.into_iter().find(|file| file.exists()).ok_or_else(missing)
}
