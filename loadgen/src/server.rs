//! A server process of our own, in a folder of its own, that can be killed and started again.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tidings_testbed::process;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::api::Api;
use crate::cli::ServerArgs;
use crate::error::Error;
use crate::token::Secret;

/// How long a start may take.
const START: Duration = Duration::from_secs(30);
/// How long an end may take that was asked for.
const END: Duration = Duration::from_secs(60);
/// How often a starting server is asked whether it serves.
const ASK: Duration = Duration::from_millis(20);
/// What a server says that is measured, and one that is broken: each request too, since its log is searched for what must
/// not be there.
const QUIET: &str = "warn";
const SEARCHED: &str = "warn,tidings_server::http=debug";
/// A generator is one address and hardly any users: the caps that keep one such from the others are lifted.
pub(crate) const UNCAPPED: &[&str] = &[
    "--max-connections-per-ip",
    "100000",
    "--max-connections-per-user",
    "100000",
    "--max-reads-per-second",
    "100000",
    "--max-writes-per-second",
    "100000",
    "--max-anonymous-per-second",
    "100000",
    "--replay-limit",
    "1000000",
];

/// The process, and what it takes to start it again.
pub struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    /// Removed with the server, where the folder is nobody else's.
    _temporary: Option<TempDir>,
    addr: SocketAddr,
    metrics: Option<SocketAddr>,
    api: Api,
    secret: Secret,
    logged: &'static str,
    child: Child,
}

impl Server {
    /// Starts a server with some more flags, and waits until it serves.
    ///
    /// # Errors
    /// There is no such binary, or it does not come up.
    pub async fn start(args: &ServerArgs, flags: &[&str], core: Option<usize>) -> Result<Self, Error> {
        let temporary = folder(args)?;
        let folder = temporary.path().to_owned();
        let core = core.map(|core| ["taskset".to_owned(), "-c".to_owned(), core.to_string()]);
        Self::begin(args, flags, core.as_ref().map_or(&[], |under| under), folder, Some(temporary)).await
    }

    /// Starts a server whose folder is made here and stays.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_in(folder: &Path, args: &ServerArgs, flags: &[&str]) -> Result<Self, Error> {
        Self::start_under(&[], folder, args, flags).await
    }

    /// The same, by another program that starts it and stands in its place or beside it.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_under(
        under: &[String],
        folder: &Path,
        args: &ServerArgs,
        flags: &[&str],
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("make a folder for the database", e))?;
        Self::begin(args, flags, under, folder.to_owned(), None).await
    }

    async fn begin(
        args: &ServerArgs,
        flags: &[&str],
        under: &[String],
        folder: PathBuf,
        temporary: Option<TempDir>,
    ) -> Result<Self, Error> {
        let binary = binary(args)?;
        let addr = free_address()?;
        let (program, mut arguments) = match under.split_first() {
            Some((program, arguments)) => {
                (PathBuf::from(program), [arguments, &[binary.display().to_string()]].concat())
            }
            None => (binary, Vec::new()),
        };
        arguments.extend(["serve".to_owned(), "--listen".to_owned(), addr.to_string()]);
        // The measured server does nothing beside.
        let metrics = if temporary.is_some() { None } else { Some(free_address()?) };
        let listen = metrics.map_or_else(|| "off".to_owned(), |addr| addr.to_string());
        arguments.extend(["--metrics-listen".to_owned(), listen]);
        arguments.extend(UNCAPPED.iter().chain(flags).map(|&flag| flag.to_owned()));
        let logged = if temporary.is_some() { QUIET } else { SEARCHED };
        let secret = Secret::random();
        let child = spawn(&program, &arguments, &folder, &secret, logged)?;
        let api = Api::new(&format!("http://{addr}"))?;
        let mut server = Self {
            program,
            arguments,
            folder,
            _temporary: temporary,
            addr,
            metrics,
            api,
            secret,
            logged,
            child,
        };
        server.ready().await?;
        Ok(server)
    }

    /// SIGKILL, and the wait until the process is gone.
    ///
    /// # Errors
    /// The system refuses.
    pub async fn kill(&mut self) -> Result<(), Error> {
        self.child.kill().await.map_err(|e| Error::io("kill the server", e))
    }

    /// SIGTERM, and the wait until the process has ended by itself. Returns how it ended and how long that took.
    ///
    /// # Errors
    /// It does not end within a minute.
    pub async fn terminate(&mut self) -> Result<(ExitStatus, Duration), Error> {
        let began = Instant::now();
        self.signal(Signal::TERM)?;
        let ended = timeout(END, self.child.wait()).await;
        let late = Error::Late { what: "the end of the server".to_owned(), seconds: END.as_secs() };
        let status = ended.map_err(|_| late)?.map_err(|e| Error::io("wait for the server", e))?;
        Ok((status, began.elapsed()))
    }

    /// Stops it, names its log anew as after a restore, and starts it again.
    ///
    /// # Errors
    /// One of these steps fails.
    pub async fn new_epoch(&mut self) -> Result<(), Error> {
        self.terminate().await?;
        let doing = "name the log anew";
        let status = Command::new(&self.program)
            .arg("new-epoch")
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .map_err(|e| Error::io(doing, e))?;
        if !status.success() {
            return Err(Error::io(doing, std::io::Error::other(status.to_string())));
        }
        self.restart().await.map(drop)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The process has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| Error::Server("it has no process id".to_owned()))?;
        kill_process(pid, signal).map_err(|e| Error::io("signal the server", e.into()))
    }

    /// Starts it again at the same address with the same database. Returns how long it took to serve.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn restart(&mut self) -> Result<Duration, Error> {
        let began = Instant::now();
        self.child = spawn(&self.program, &self.arguments, &self.folder, &self.secret, self.logged)?;
        self.ready().await?;
        Ok(began.elapsed())
    }

    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its HTTP interface.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// A token that it takes.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token(&self, user: &str) -> Result<String, Error> {
        self.secret.token(user)
    }

    /// What its tokens are made with.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// A token that ends at this second since 1970.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token_until(&self, user: &str, end: i64) -> Result<String, Error> {
        self.secret.token_until(user, end)
    }

    /// A token that it takes, with a scope such as `notify`.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token_for(&self, user: &str, scope: &str) -> Result<String, Error> {
        self.secret.token_for(user, Some(scope))
    }

    /// One of its metrics, by its name with all labels added up, or by name and labels; 0 where it has none of that name.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn metric(&self, name: &str) -> Result<f64, Error> {
        let Some(addr) = self.metrics else { return Ok(0.0) };
        let text = self.api.text(&format!("http://{addr}/metrics")).await?;
        let values = text.lines().filter_map(|line| {
            let (named, value) = line.rsplit_once(' ')?;
            let bare = named.split_once('{').map_or(named, |(bare, _)| bare);
            if named == name || bare == name { value.parse::<f64>().ok() } else { None }
        });
        Ok(values.sum())
    }

    /// Where it keeps its database and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it has logged so far.
    #[must_use]
    pub fn logged(&self) -> String {
        logged(&self.folder).unwrap_or_default()
    }

    /// Its database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join("data/tidings.db")
    }

    /// The process.
    ///
    /// # Errors
    /// It has ended.
    pub fn pid(&self) -> Result<u32, Error> {
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

/// The server's binary.
///
/// # Errors
/// It is not there.
pub fn binary(args: &ServerArgs) -> Result<PathBuf, Error> {
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

/// An address that was free a moment ago. It must be known before the start, to stay the same over restarts, and no
/// connection that goes out may take its port meanwhile.
fn free_address() -> Result<SocketAddr, Error> {
    Ok(SocketAddr::from(([127, 0, 0, 1], process::free_port()?)))
}

fn spawn(
    program: &Path,
    arguments: &[String],
    folder: &Path,
    secret: &Secret,
    logged: &str,
) -> Result<Child, Error> {
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(folder))
        .map_err(|e| Error::io("open the server's log", e))?;
    Command::new(program)
        .args(arguments)
        .env("TIDINGS_JWT_SECRET", secret.expose())
        .env("RUST_LOG", logged)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| Error::io(&format!("start {}", program.display()), e))
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

/// What a server in this folder has logged so far, where there is one.
#[must_use]
pub fn logged(folder: &Path) -> Option<String> {
    let log = std::fs::read(log_file(folder)).ok()?;
    Some(String::from_utf8_lossy(&log).into_owned())
}

fn last_words(folder: &Path) -> String {
    let log = logged(folder).unwrap_or_default();
    let mut lines: Vec<&str> = log.lines().rev().take(5).collect();
    lines.reverse();
    lines.join("\n")
}
