//! A server that is recorded from its first call on, while people write to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::super::context::{Context, PATIENCE};
use super::RATE;
use super::disk::Recording;
use crate::check::{Logged, log};
use crate::error::Error;
use crate::raw::{Peer, PeerError};
use crate::server::Server;

/// All that may write to a file or sync it, or write to a socket.
const CALLS: &str = "trace=fsync,fdatasync,pwrite64,pwritev,pwritev2,write,writev,sendto,sendmsg,ftruncate,truncate,\
                     fallocate,copy_file_range,unlink,unlinkat,rename,renameat,renameat2";
/// The most that is kept of a write: all of it.
const KEPT_BYTES: &str = "262144";
const ROOMS: [&str; 3] = ["red", "green", "blue"];
/// Most messages that are sent before the first answer of them is waited for.
const WINDOW: usize = 12;
/// The longest message, in bytes: large, so that the log is soon full enough to be copied into the database.
const LONGEST: usize = 14_000;
/// How long the recorder may take to write down what it has.
const RECORDER: Duration = Duration::from_secs(30);
/// Digits of a message's mark, and what they stand behind.
const DIGITS: usize = 7;
const PREFIX: &str = "mark-";

/// What the server had when it was killed, and what it was seen to do.
pub(super) struct Run {
    pub(super) recording: Recording,
    /// The log of each room.
    pub(super) logs: BTreeMap<&'static str, Vec<Logged>>,
    pub(super) epoch: String,
}

/// Has people write to a server that is recorded from its first call on, and kills it.
pub(super) async fn record(context: &Context, messages: usize, random: &mut Rng) -> Result<Run, Error> {
    let folder = context.folder_of("recorded");
    let file = folder.join("calls.txt");
    let strace = ["strace", "-D", "-f", "-tt", "-y", "-s", KEPT_BYTES, "-e", CALLS, "-o"];
    let under: Vec<String> =
        strace.into_iter().map(str::to_owned).chain([file.display().to_string()]).collect();
    let mut server = context.server_under(&under, "recorded", RATE).await?;
    let late = Error::Late { what: "the last messages".to_owned(), seconds: PATIENCE.as_secs() * 4 };
    timeout(PATIENCE * 4, write(&server, messages, random)).await.map_err(|_| late)??;
    let token = server.token("reader")?;
    let mut logs = BTreeMap::new();
    for room in ROOMS {
        logs.insert(room, log::read(server.api(), &token, room).await?);
    }
    let epoch = epoch(&server, &token).await?;
    let pid = server.pid()?;
    server.kill().await?;
    let text = recorded(&file, pid).await?;
    let recording = Recording::read(&text, "tidings.db", marks)?;
    let told = recording.told.len();
    if told < messages {
        return Err(Error::Broken(format!("of {messages} messages, {told} are seen among the system calls")));
    }
    Ok(Run { recording, logs, epoch })
}

async fn write(server: &Server, messages: usize, random: &mut Rng) -> Result<(), Error> {
    let mut peer = Peer::connect(server.addr(), &server.token("writer")?).await.map_err(failed)?;
    for room in ROOMS {
        peer.send(&json!({"type": "JOIN_ROOM", "roomId": room, "id": room}).to_string())
            .await
            .map_err(failed)?;
        peer.find(|heard| heard.is("SYSTEM", "ACK")).await.map_err(failed)?;
    }
    let mut n = 0;
    while n < messages {
        let batch = random.usize(1..=WINDOW).min(messages - n);
        for n in n..n + batch {
            let content = content(n, random.usize(..LONGEST));
            let room = ROOMS[random.usize(..ROOMS.len())];
            let frame =
                json!({"type": "CHAT_MESSAGE", "roomId": room, "id": format!("m{n}"), "content": content});
            peer.send(&frame.to_string()).await.map_err(failed)?;
        }
        n += batch;
        let (mut acks, mut shown, mut refused) = (0, 0, None);
        // An ACK does not hold the message's mark, and may come before the message that does.
        while acks < batch || shown < batch {
            let take = |heard: crate::raw::Heard<'_>| {
                acks += usize::from(heard.is("SYSTEM", "ACK"));
                shown += usize::from(heard.is("CHAT", "MESSAGE"));
                refused = heard.refusal();
            };
            peer.receive(take).await.map_err(failed)?;
            if let Some(refused) = refused.take() {
                return Err(Error::Broken(format!("a message was refused: {refused}")));
            }
        }
    }
    Ok(())
}

/// Words of some length, behind the message's mark. They differ, so that the full-text index grows as it does.
fn content(n: usize, length: usize) -> String {
    let mut text = format!("{PREFIX}{n:0DIGITS$}");
    let mut word = n;
    while text.len() < length {
        word = word.wrapping_mul(31).wrapping_add(7) % 10_007;
        text += &format!(" w{word}");
    }
    text
}

/// The marks in what was written to a socket.
pub(super) fn marks(text: &str) -> Vec<usize> {
    let digits = |at: usize| text.get(at + PREFIX.len()..).and_then(|rest| rest.get(..DIGITS));
    text.match_indices(PREFIX).filter_map(|(at, _)| digits(at)?.parse().ok()).collect()
}

/// What the recorder has written, when it has written all of it.
async fn recorded(file: &Path, pid: u32) -> Result<String, Error> {
    let began = Instant::now();
    let end = format!("{pid} ");
    loop {
        let text = std::fs::read(file).map_err(|e| Error::io("read what strace has written", e))?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let last = text.lines().rev().take(64);
        if last.into_iter().any(|line| line.starts_with(&end) && line.contains("+++ killed by SIGKILL")) {
            return Ok(text);
        }
        if began.elapsed() > RECORDER {
            let why = "strace did not come to the end of the server; it may not watch it: it takes root, or 0 in \
                       /proc/sys/kernel/yama/ptrace_scope";
            return Err(Error::Server(why.to_owned()));
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// The name of the log, as a client is told it.
pub(super) async fn epoch(server: &Server, token: &str) -> Result<String, Error> {
    let body = json!({"clientSession": "epoch", "waitMs": 0});
    let answer: Value = server.api().post(token, "/api/v1/realtime/poll", &body).await?;
    Ok(answer["frames"][0]["data"]["epoch"].as_str().unwrap_or_default().to_owned())
}

fn failed(error: PeerError) -> Error {
    Error::Broken(format!("the writer's connection: {error}"))
}
