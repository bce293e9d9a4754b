//! The server as a process of its own. Its log, to its end, is held against what must never stand in one, however the
//! process ends.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Output, Stdio};
use std::thread::JoinHandle;

use tokio::process::Command;
use tokio::sync::oneshot;

use super::logs::held;

/// What a server says where a test does not: each request too, so that there is something to look at.
const LOGGED: &str = "info,tidings_server=debug";

/// A server that serves, killed when dropped.
pub(crate) struct Process {
    pub(crate) addr: SocketAddr,
    child: Option<Child>,
    log: Option<JoinHandle<String>>,
}

/// The server's program with these arguments, in an empty environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings-server"));
    command.args(arguments).env_clear().env("RUST_LOG", LOGGED);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// How a program ended that was not to serve, and what it said.
pub(crate) fn said(output: Output) -> (Option<i32>, String) {
    (output.status.code(), held(String::from_utf8(output.stderr).unwrap()))
}

impl Process {
    /// Starts a `serve`, and waits until it says where it listens.
    pub(crate) async fn start(serve: &mut Command) -> Self {
        let mut child = serve.as_std_mut().spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (listens, listening) = oneshot::channel();
        let log = std::thread::spawn(move || {
            let (mut log, mut listens) = (String::new(), Some(listens));
            for line in lines.map_while(Result::ok) {
                if let Some(addr) = address(&line)
                    && let Some(listens) = listens.take()
                {
                    // Who waits for it may be gone.
                    let _ = listens.send(addr);
                }
                log += &line;
                log.push('\n');
            }
            log
        });
        let Ok(addr) = listening.await else { panic!("it ended: {}", log.join().unwrap()) };
        Self { addr, child: Some(child), log: Some(log) }
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// SIGKILL, and the wait for the end.
    pub(crate) async fn kill(&mut self) {
        self.child.as_mut().unwrap().kill().unwrap();
        self.child.as_mut().unwrap().wait().unwrap();
    }

    /// Waits for the end, and hands the log over.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let (mut child, log) = (self.child.take().unwrap(), self.log.take().unwrap());
        let ended = tokio::task::spawn_blocking(move || (child.wait().unwrap(), log.join().unwrap()));
        let (status, log) = ended.await.unwrap();
        (status.code(), held(log))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = self.log.take().map(|log| log.join().unwrap_or_default()).unwrap_or_default();
        // A test that has failed has said why.
        if !std::thread::panicking() {
            held(log);
        }
    }
}

/// Where it listens, in the line that says so.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("listening on http://")?;
    let addr: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    addr.parse().ok()
}
