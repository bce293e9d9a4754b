//! What every run is given: its sizes, its seed, a server, clients, and a folder for what it leaves behind.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use futures_util::future::try_join_all;
use tempfile::TempDir;
use tidings_client_native::{Client, Config, State};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use crate::check::PATIENCE;
use crate::check::{self, Watcher, Writer, Written};
use crate::cli::{ChaosArgs, Form, ServerArgs};
use crate::error::Error;
use crate::proxy::{Door, Proxy};
use crate::server::{self, Server};

/// How long an attempt to connect may take before the next one is asked for.
const AGAIN: Duration = Duration::from_millis(200);
/// Clients that connect at the same time, where a run begins with many.
const AT_ONCE: usize = 16;

/// A client, what it is shown, and the door it goes through.
#[derive(Debug)]
pub struct Member {
    /// The client.
    pub client: Client,
    /// What it is shown.
    pub watcher: Watcher,
    /// The door.
    pub door: Door,
}

/// Has clients connect again at once whenever they are cut, until the answer is dropped: their own waits grow, and
/// most of a short run would be waiting.
#[must_use]
pub fn hurry<'a>(clients: impl IntoIterator<Item = &'a Client>) -> JoinSet<()> {
    let mut hurrying = JoinSet::new();
    for client in clients {
        let client = client.clone();
        hurrying.spawn(async move {
            let mut status = client.watch();
            loop {
                come_back(&client).await;
                if status.wait_for(|status| status.state != State::Connected).await.is_err() {
                    return;
                }
            }
        });
    }
    hurrying
}

/// Has a client connect again at once, as often as it takes.
async fn come_back(client: &Client) {
    let mut status = client.watch();
    while status.borrow_and_update().state != State::Connected {
        client.reconnect().await;
        // An attempt under way is not begun anew.
        let _ = timeout(AGAIN, status.wait_for(|status| status.state == State::Connected)).await;
    }
}

/// One run's means.
#[derive(Debug)]
pub struct Context {
    name: String,
    server: ServerArgs,
    form: Form,
    seed: u64,
    before: Option<PathBuf>,
    folder: Mutex<Option<TempDir>>,
    path: PathBuf,
}

impl Context {
    pub(super) fn new(name: String, args: &ChaosArgs, seed: u64) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        let prefix = format!("tidings-chaos-{name}-");
        builder.prefix(&prefix);
        let made =
            args.server.folder.as_ref().map_or_else(|| builder.tempdir(), |dir| builder.tempdir_in(dir));
        let folder = made.map_err(|e| Error::io("make a folder for the run", e))?;
        let path = folder.path().to_owned();
        Ok(Self {
            name,
            server: args.server.clone(),
            form: args.form,
            seed,
            before: args.before.clone(),
            folder: Mutex::new(Some(folder)),
            path,
        })
    }

    /// The run's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Randomness from the seed.
    #[must_use]
    pub fn random(&self) -> Rng {
        Rng::with_seed(self.seed)
    }

    /// One of two sizes.
    #[must_use]
    pub fn size<T>(&self, short: T, long: T) -> T {
        match self.form {
            Form::Short => short,
            Form::Long => long,
        }
    }

    /// Progress, for people.
    pub fn say(&self, text: impl AsRef<str>) {
        eprintln!("{}: {}", self.name, text.as_ref());
    }

    /// Starts a server in a folder of the run.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn server(&self, flags: &[&str]) -> Result<Server, Error> {
        self.server_named("server", flags).await
    }

    /// Starts one of several servers, each in a folder of its own.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn server_named(&self, name: &str, flags: &[&str]) -> Result<Server, Error> {
        Server::start_in(&self.path.join(name), &self.server, flags).await
    }

    /// Starts one of several servers by another program that stands beside it, such as one that watches it.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn server_under(&self, under: &[String], name: &str, flags: &[&str]) -> Result<Server, Error> {
        Server::start_under(under, &self.path.join(name), &self.server, flags).await
    }

    /// The folder of one of several servers.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What all servers of the run have logged so far.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        let folders = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        folders.filter_map(|folder| server::logged(&folder.path())).collect()
    }

    /// A client at an address, in rooms, and what it is shown.
    ///
    /// # Errors
    /// It does not come to be connected.
    pub async fn enter(
        &self,
        server: &Server,
        url: &str,
        user: &str,
        rooms: &[String],
    ) -> Result<(Client, Watcher), Error> {
        check::enter(Config::new(url, server.token(user)?), rooms).await
    }

    /// As many clients, each behind a door of its own; client `n` is in the rooms that `rooms` names.
    ///
    /// # Errors
    /// One of them does not come to be connected.
    pub async fn crowd(
        &self,
        server: &Server,
        proxy: &Proxy,
        count: usize,
        rooms: impl Fn(usize) -> Vec<String>,
    ) -> Result<Vec<Member>, Error> {
        let mut members = Vec::with_capacity(count);
        for first in (0..count).step_by(AT_ONCE) {
            let entering = (first..count.min(first + AT_ONCE)).map(|n| {
                let rooms = rooms(n);
                async move {
                    let door = proxy.door(n as u64).await.map_err(|e| Error::io("open a door", e))?;
                    let (client, watcher) =
                        self.enter(server, &door.url(), &format!("user-{n}"), &rooms).await?;
                    Ok::<_, Error>(Member { client, watcher, door })
                }
            });
            members.extend(try_join_all(entering).await?);
        }
        Ok(members)
    }

    /// The server's binary.
    ///
    /// # Errors
    /// It is not there.
    pub fn binary(&self) -> Result<PathBuf, Error> {
        server::binary(&self.server)
    }

    /// Where the binaries of the version before are.
    ///
    /// # Errors
    /// Nobody has said.
    pub fn before(&self) -> Result<PathBuf, Error> {
        let doing = "find the version before: name its folder by --before";
        let folder =
            self.before.as_ref().ok_or_else(|| Error::io(doing, std::io::ErrorKind::NotFound.into()))?;
        folder.canonicalize().map_err(|e| Error::io(doing, e))
    }

    /// Leaves something in the run's folder, which is kept where something was broken.
    ///
    /// # Errors
    /// The system refuses.
    pub fn leave(&self, name: &str, text: &str) -> Result<(), Error> {
        std::fs::write(self.path.join(name), text).map_err(|e| Error::io("keep what a run has left", e))
    }

    /// Keeps the folder, with the report in it.
    pub(super) fn keep(&self, report: &str) -> Result<PathBuf, Error> {
        let mut folder = self.folder.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::fs::write(self.path.join("report.md"), report).map_err(|e| Error::io("keep the report", e))?;
        Ok(folder.take().map_or_else(|| self.path.clone(), TempDir::keep))
    }
}

/// Writers at work, until they are stopped.
#[derive(Debug)]
pub struct Writers {
    tasks: JoinSet<Result<Written, Error>>,
    stop: watch::Sender<bool>,
}

impl Writers {
    /// Lets them begin.
    #[must_use]
    pub fn start(writers: impl IntoIterator<Item = Writer>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for writer in writers {
            tasks.spawn(writer.write(stopped.clone()));
        }
        Self { tasks, stop }
    }

    /// Tells them to stop, and waits for their last ACKs.
    ///
    /// # Errors
    /// An ACK does not come, or a message is refused for good.
    pub async fn finish(mut self) -> Result<Written, Error> {
        self.stop.send_replace(true);
        self.gather(PATIENCE).await
    }

    /// Waits until all have reached their limits and have their ACKs.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub async fn gather(&mut self, patience: Duration) -> Result<Written, Error> {
        let mut all = Written::default();
        let gather = async {
            while let Some(ended) = self.tasks.join_next().await {
                all.add(ended.map_err(|error| Error::Broken(format!("a writer has failed: {error}")))??);
            }
            Ok::<_, Error>(())
        };
        let late = |_| Error::Late { what: "the last ACKs".to_owned(), seconds: patience.as_secs() };
        timeout(patience, gather).await.map_err(late)??;
        Ok(all)
    }
}
