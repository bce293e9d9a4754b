//! A server process of our own, in a folder of its own, that can be killed and started again.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::api::Api;
use crate::cli::ServerArgs;
use crate::error::Error;
use crate::token::Secret;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How often a starting server is asked whether it serves.
const ASK: Duration = Duration::from_millis(20);
/// A generator is one address and hardly any users: the caps that keep one such from the others are lifted.
const UNCAPPED: [&str; 8] = [
    "--max-connections-per-ip",
    "100000",
    "--max-connections-per-user",
    "100000",
    "--replay-limit",
    "1000000",
    "--metrics-listen",
    "off",
];

/// The process, and what it takes to start it again.
pub(crate) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
    addr: SocketAddr,
    api: Api,
    secret: Secret,
    child: Child,
}

impl Server {
    /// Starts a server with some more flags, and waits until it serves.
    pub(crate) async fn start(args: &ServerArgs, flags: &[&str], core: Option<usize>) -> Result<Self, Error> {
        let binary = binary(args)?;
        let folder = folder(args)?;
        let addr = free_address()?;
        let (program, mut arguments) = match core {
            Some(core) => (
                PathBuf::from("taskset"),
                vec!["-c".to_owned(), core.to_string(), binary.display().to_string()],
            ),
            None => (binary, Vec::new()),
        };
        arguments.extend(["serve".to_owned(), "--listen".to_owned(), addr.to_string()]);
        arguments.extend(UNCAPPED.iter().chain(flags).map(|&flag| flag.to_owned()));
        let secret = Secret::random();
        let child = spawn(&program, &arguments, &folder, &secret)?;
        let api = Api::new(&format!("http://{addr}"))?;
        let mut server = Self { program, arguments, folder, addr, api, secret, child };
        server.ready().await?;
        Ok(server)
    }

    /// SIGKILL, and the wait until the process is gone.
    pub(crate) async fn kill(&mut self) -> Result<(), Error> {
        self.child.kill().await.map_err(|e| Error::io("kill the server", e))
    }

    /// Starts it again at the same address with the same database. Returns how long it took to serve.
    pub(crate) async fn restart(&mut self) -> Result<Duration, Error> {
        let began = Instant::now();
        self.child = spawn(&self.program, &self.arguments, &self.folder, &self.secret)?;
        self.ready().await?;
        Ok(began.elapsed())
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its HTTP interface.
    pub(crate) const fn api(&self) -> &Api {
        &self.api
    }

    /// A token that it takes.
    pub(crate) fn token(&self, user: &str) -> Result<String, Error> {
        self.secret.token(user)
    }

    /// The process.
    pub(crate) fn pid(&self) -> Result<u32, Error> {
        self.child.id().ok_or_else(|| Error::Server("it has ended".to_owned()))
    }

    async fn ready(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        while !self.api.is_ready().await {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(Error::Server(format!("it ended with {status}\n{}", last_words(&self.folder))));
            }
            if began.elapsed() > START {
                return Err(Error::Server(format!("it does not answer\n{}", last_words(&self.folder))));
            }
            sleep(ASK).await;
        }
        Ok(())
    }
}

/// Where servers of this run keep their data.
fn folder(args: &ServerArgs) -> Result<TempDir, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("tidings-loadgen-");
    let made = args.folder.as_ref().map_or_else(|| builder.tempdir(), |folder| builder.tempdir_in(folder));
    made.map_err(|e| Error::io("make a folder for the database", e))
}

fn binary(args: &ServerArgs) -> Result<PathBuf, Error> {
    let binary = match &args.server {
        Some(file) => file.clone(),
        None => {
            let own = std::env::current_exe().map_err(|e| Error::io("find this program", e))?;
            own.with_file_name("tidings-server")
        }
    };
    // The process runs in a folder of its own.
    binary.canonicalize().map_err(|e| Error::io(&format!("find the server {}", binary.display()), e))
}

/// An address that was free a moment ago. It must be known before the start, to stay the same over restarts.
fn free_address() -> Result<SocketAddr, Error> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|e| Error::io("find a free port", e))
}

fn spawn(program: &Path, arguments: &[String], folder: &TempDir, secret: &Secret) -> Result<Child, Error> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(folder))
        .map_err(|e| Error::io("open the server's log", e))?;
    Command::new(program)
        .args(arguments)
        .env("TIDINGS_JWT_SECRET", secret.expose())
        .env("RUST_LOG", "warn")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| Error::io(&format!("start {}", program.display()), e))
}

fn log_file(folder: &TempDir) -> PathBuf {
    folder.path().join("server.log")
}

fn last_words(folder: &TempDir) -> String {
    let log = std::fs::read_to_string(log_file(folder)).unwrap_or_default();
    let mut lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.reverse();
    lines.join("\n")
}
