//! The server as a process of its own.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A server that serves, killed when dropped.
pub(crate) struct Process {
    pub(crate) addr: SocketAddr,
    child: Child,
    log: tokio::task::JoinHandle<String>,
}

/// The server's program with these arguments, in an empty environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings-server"));
    command.args(arguments).env_clear().stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Process {
    /// Starts a `serve`, and waits until it says where it listens.
    pub(crate) async fn start(serve: &mut Command) -> Self {
        let mut child = serve.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        let addr = loop {
            let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended: {log}"));
            log += &line;
            log.push('\n');
            if let Some((_, rest)) = line.split_once("listening on http://") {
                let addr: String =
                    rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
                break addr.parse().unwrap();
            }
        };
        let log = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                log += &line;
                log.push('\n');
            }
            log
        });
        Self { addr, child, log }
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// SIGKILL, and the wait for the end.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for the end, and hands the log over.
    pub(crate) async fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().await.unwrap();
        (status.code(), self.log.await.unwrap())
    }
}
