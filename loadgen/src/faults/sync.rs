//! The server's system calls are watched while it acknowledges messages: no ACK may be written to a socket before the
//! write-ahead log that holds its message has been synced.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use self::trace::Trace;
use super::context::{Context, PATIENCE};
use super::outcome::Outcome;
use crate::error::Error;
use crate::raw::{Peer, PeerError};
use crate::server::Server;

mod trace;

/// What is watched: what may write or sync the log, and what may write to a socket.
const CALLS: &str = "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg";
/// A page of the database and its head fit into what is kept of a write.
const KEPT_BYTES: &str = "4400";
/// Messages that are sent before the first answer of them is waited for.
const WINDOW: usize = 5;
/// How long the tracer may take to take hold.
const ATTACH: Duration = Duration::from_secs(20);

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let messages = context.size(1_000, 5_000);
    let server = context.server(&["--max-frames-per-second", "100000", "--frame-burst", "100000"]).await?;
    let token = server.token("writer")?;
    let mut peer = Peer::connect(server.addr(), &token).await.map_err(failed)?;
    peer.send(r#"{"type":"JOIN_ROOM","roomId":"room","id":"join"}"#).await.map_err(failed)?;
    peer.find(|heard| heard.is("SYSTEM", "ACK")).await.map_err(failed)?;

    let file = server.folder().join("calls.txt");
    let mut tracer = attach(&server, &file).await?;
    let written = timeout(PATIENCE * 4, write(&mut peer, messages)).await;
    detach(&mut tracer).await?;
    let late = Error::Late { what: "the last ACKs".to_owned(), seconds: PATIENCE.as_secs() * 4 };
    written.map_err(|_| late)??;

    let text = std::fs::read(&file).map_err(|e| Error::io("read what strace has written", e))?;
    let trace = Trace::read(&String::from_utf8_lossy(&text), messages);
    let mut outcome = Outcome::default();
    let unseen = messages - trace.acks();
    outcome.promise("the ACK of a message is seen among the system calls", messages, unseen);
    let broken = trace.broken();
    outcome.promise(
        "before an ACK is written, a sync has ended that began after the log's write of its message",
        trace.acks(),
        broken.len(),
    );
    for example in broken.into_iter().take(5) {
        outcome.example(example);
    }
    outcome.figure("syncs of the write-ahead log meanwhile", trace.syncs().to_string());
    Ok(outcome)
}

async fn write(peer: &mut Peer, messages: usize) -> Result<(), Error> {
    for first in (0..messages).step_by(WINDOW) {
        let batch = first..messages.min(first + WINDOW);
        let (mut acks, wanted) = (0, batch.len());
        for n in batch {
            let id = trace::mark(n);
            let frame = format!(
                r#"{{"type":"CHAT_MESSAGE","roomId":"room","id":"{id}","content":"content of {id}"}}"#
            );
            peer.send(&frame).await.map_err(failed)?;
        }
        while acks < wanted {
            let mut refused = None;
            peer.receive(|heard| {
                acks += usize::from(heard.is("SYSTEM", "ACK"));
                refused = heard.refusal();
            })
            .await
            .map_err(failed)?;
            if let Some(refused) = refused {
                return Err(Error::Broken(format!("a message was refused: {refused}")));
            }
        }
    }
    Ok(())
}

fn failed(error: PeerError) -> Error {
    Error::Broken(format!("the writer's connection: {error}"))
}

/// Has strace watch all threads of the server, and returns when it does.
async fn attach(server: &Server, file: &Path) -> Result<Child, Error> {
    let pid = server.pid()?;
    let mut tracer = Command::new("strace")
        .args(["-f", "-tt", "-y", "-s", KEPT_BYTES, "-e", CALLS, "-p", &pid.to_string(), "-o"])
        .arg(file)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| Error::io("start strace, which this run needs", e))?;
    let began = Instant::now();
    while !all_traced(pid, tracer.id().unwrap_or_default())? {
        if let Ok(Some(_)) = tracer.try_wait() {
            let why =
                "strace may not watch the server: it takes root, or 0 in /proc/sys/kernel/yama/ptrace_scope";
            return Err(Error::Server(why.to_owned()));
        }
        if began.elapsed() > ATTACH {
            return Err(Error::Late { what: "strace".to_owned(), seconds: ATTACH.as_secs() });
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(tracer)
}

/// Whether every thread of a process is watched by this one.
fn all_traced(pid: u32, by: u32) -> Result<bool, Error> {
    let doing = "look at the server's threads";
    let by = format!("TracerPid:\t{by}");
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).map_err(|e| Error::io(doing, e))? {
        let status = thread.map_err(|e| Error::io(doing, e))?.path().join("status");
        // A thread may have ended since.
        let Ok(status) = std::fs::read_to_string(status) else { continue };
        if !status.lines().any(|line| line == by) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Ends the watching, so that everything is in the file.
async fn detach(tracer: &mut Child) -> Result<(), Error> {
    let pid = tracer.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, Signal::INT).map_err(|e| Error::io("end strace", e.into()))?;
    }
    let ended = timeout(ATTACH, tracer.wait()).await;
    let late = Error::Late { what: "the end of strace".to_owned(), seconds: ATTACH.as_secs() };
    ended.map_err(|_| late)?.map_err(|e| Error::io("wait for strace", e)).map(drop)
}
