//! Power cuts, simulated: what a server writes to its database and what it syncs is recorded, system call by system call.
//! From that come images of what a disk may hold after a cut at some moment; the real server starts on each of them, and
//! must have all that anybody had been told of by then.

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;
use serde_json::{Value, json};

use self::disk::{Recording, Unsynced};
use self::record::{Run, epoch, marks, record};
use super::context::Context;
use super::kill::integrity;
use super::outcome::Outcome;
use crate::check::{Logged, log};
use crate::error::Error;
use crate::server::Server;

mod disk;
mod record;

const RATE: &[&str] = &["--max-frames-per-second", "100000", "--frame-burst", "100000"];

/// What an image was found to break.
#[derive(Default)]
struct Found {
    told: usize,
    missing: usize,
    other: usize,
    wrong: Vec<String>,
}

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let mut random = context.random();
    let messages = context.size(600, 2_400);
    let images = context.size(20, 400);
    let run = record(context, messages, &mut random).await?;
    let recording = &run.recording;
    context.say(format!(
        "{} syncs of the log and {} of the database recorded",
        recording.syncs.len(),
        recording.checkpoints.len()
    ));

    let mut outcome = Outcome::default();
    let (mut told, mut missing, mut other) = (0, 0, 0);
    let mut failures = BTreeMap::<&str, usize>::new();
    for n in 0..images {
        let (line, unsynced) = (cut(recording, n, &mut random), Unsynced::ALL[n % Unsynced::ALL.len()]);
        let name = format!("image-{n}");
        let image = recording.image(line, unsynced, &mut random);
        let folder = context.folder_of(&name);
        lay_out(&folder, &image)?;
        let said = format!("image {n}, a cut at line {} with what was not synced {unsynced:?}", line + 1);
        let what = match examine(context, &name, &run, line).await {
            Ok(found) => {
                (told, missing, other) = (told + found.told, missing + found.missing, other + found.other);
                for wrong in &found.wrong {
                    outcome.example(format!("{said}: {wrong}"));
                }
                if found.wrong.is_empty() { None } else { Some("differs") }
            }
            Err(Error::Server(why)) => {
                outcome.example(format!("{said}: {why}"));
                Some("start")
            }
            Err(error) => {
                outcome.example(format!("{said}: {error}"));
                Some("answer")
            }
        };
        match what {
            Some(what) => *failures.entry(what).or_default() += 1,
            // Of what is kept for a look at it there may be much.
            None => std::fs::remove_dir_all(&folder).map_err(|e| Error::io("remove an image", e))?,
        }
    }
    let failed = |what| failures.get(what).copied().unwrap_or_default();
    outcome.promise("on what a cut leaves, the server starts", images, failed("start"));
    outcome.promise("what anybody had been told of before the cut is in the log", told, missing);
    outcome.promise("the log is a beginning of what it was, each entry once and in its place", images, other);
    outcome.promise(
        "it answers, under its epoch, goes on where the log ends, and SQLite's own check finds nothing",
        images,
        failed("answer") + failed("differs"),
    );
    let is_thin = recording.checkpoints.is_empty();
    outcome.promise("the log was copied into the database meanwhile", 1, usize::from(is_thin));
    outcome.figure("messages recorded", messages.to_string());
    outcome.figure("syncs of the log", recording.syncs.len().to_string());
    outcome.figure("syncs of the database", recording.checkpoints.len().to_string());
    Ok(outcome)
}

/// The line at which the power is cut: just before a sync has ended, just when it has, or anywhere; of the syncs every
/// other is one of the few of the database itself.
fn cut(recording: &Recording, n: usize, random: &mut Rng) -> usize {
    let syncs = if n.is_multiple_of(2) { &recording.checkpoints } else { &recording.syncs };
    let sync = if syncs.is_empty() { None } else { Some(syncs[random.usize(..syncs.len())]) };
    match (sync, n / 2 % 3) {
        (Some(sync), 0) => sync.ended.saturating_sub(1),
        (Some(sync), 1) => sync.ended,
        _ => {
            let lines = recording.lines();
            // Between a write and what comes of it, too.
            let at = lines.get(random.usize(..lines.len().max(1))).copied().unwrap_or_default();
            (at + random.usize(..20)).min(recording.end)
        }
    }
}

fn lay_out(folder: &Path, image: &BTreeMap<&str, Vec<u8>>) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let data = folder.join("data");
    let doing = "lay out an image";
    std::fs::create_dir_all(&data).map_err(|e| Error::io(doing, e))?;
    for (name, bytes) in image {
        let mut options = std::fs::File::options();
        // As the server makes them.
        let options = options.write(true).create_new(true).mode(0o600);
        let file = options.open(data.join(name)).and_then(|mut file| file.write_all(bytes));
        file.map_err(|e| Error::io(doing, e))?;
    }
    Ok(())
}

/// Starts the server on an image and compares.
async fn examine(context: &Context, name: &str, run: &Run, line: usize) -> Result<Found, Error> {
    let mut server = context.server_named(name, RATE).await?;
    let token = server.token("writer")?;
    let mut found = Found::default();
    let told = |n: &usize| run.recording.told.get(n).is_some_and(|at| *at <= line);
    let any_told = run.recording.told.values().any(|at| *at <= line);
    let mut is_other = false;
    for (room, before) in &run.logs {
        let log = match log::read(server.api(), &token, room).await {
            Ok(log) => log,
            // A room that nobody had been told of need not be there.
            Err(Error::Refused { status: 403, .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        if !before.starts_with(&log) {
            is_other = true;
            found
                .wrong
                .push(format!("the log of {room}, {} entries, is no beginning of what it was", log.len()));
        }
        let known =
            before.iter().enumerate().filter(|(_, entry)| marks(&entry.content).first().is_some_and(told));
        let (kept, lost): (Vec<_>, Vec<_>) = known.partition(|(at, _)| *at < log.len());
        found.told += kept.len() + lost.len();
        found.missing += lost.len();
        if let Some((_, first)) = lost.first() {
            let others = lost.len() - 1;
            found.wrong.push(format!("{} and {others} others had been told of, and are not there", first.id));
        }
        if let Some(last) = log.last() {
            found.wrong.extend(goes_on(&server, &token, room, last).await?);
        }
    }
    found.other += usize::from(is_other);
    let epoch = epoch(&server, &token).await?;
    if any_told && epoch != run.epoch {
        found.wrong.push(format!("the epoch was {} and is {epoch}", run.epoch));
    }
    server.kill().await?;
    let integrity = integrity(&server).await?;
    if integrity != "ok" {
        found.wrong.push(integrity);
    }
    Ok(found)
}

/// Sends the last message of a room again, and one more; says what is wrong with the answers.
async fn goes_on(server: &Server, token: &str, room: &str, last: &Logged) -> Result<Option<String>, Error> {
    let chat = |id: &str, content: &str| json!({"type": "CHAT_MESSAGE", "roomId": room, "id": id, "content": content});
    let frames = [chat(&last.id, &last.content), chat(&format!("more-{room}"), "more")];
    let body = json!({"clientSession": format!("after-{room}"), "frames": frames});
    let answer: Value = server.api().post(token, "/api/v1/realtime/frames", &body).await?;
    let answer = |n: usize| {
        let data = &answer["frames"][n]["data"];
        (data["seq"].as_u64(), data["duplicate"].as_bool())
    };
    let wanted = [(Some(last.seq), Some(true)), (Some(last.seq + 1), Some(false))];
    let got = [answer(0), answer(1)];
    Ok((got != wanted).then(|| format!("in {room} it answers {got:?} where {wanted:?} is due")))
}
