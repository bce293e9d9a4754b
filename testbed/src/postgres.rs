//! PostgreSQL: a server of its own, and a fresh database for each test.
//!
//! It syncs as in production, or nothing that a test says about durability would be true. Its collation is not that of bytes,
//! so that an order which rests on it shows.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::certificate;
use crate::process::{self, Error, RunAs, Service, io};

/// Names a server that is running already: `postgres://user@host:port/database`, of a user who may create databases.
pub const SERVER: &str = "TIDINGS_TEST_POSTGRES";

const PACKAGE: &str = "postgresql";
/// The user whom Debian makes for it; PostgreSQL refuses to run as root. Its databases know the same one.
pub const USER: &str = "postgres";
/// `postmaster` ends at once and leaves recovery to the next start, as `pg_ctl stop -m immediate` asks it to.
const IMMEDIATE: &str = "QUIT";

/// What it is started with, and cannot be told otherwise while it runs.
const SETTINGS: &[&str] = &[
    "fsync=on",
    // After a crash, one sync for all files in place of one for each.
    "recovery_init_sync_method=syncfs",
    "max_connections=200",
    "shared_buffers=64MB",
    "unix_socket_directories=",
];

/// A server that is stopped and thrown away when dropped, or when the thread that started it ends.
#[derive(Debug)]
pub struct Postgres {
    service: Mutex<Option<Service>>,
    folder: TempDir,
    port: u16,
    run_as: Option<RunAs>,
    /// Where it listens besides loopback.
    also: Mutex<Option<Ipv4Addr>>,
}

impl Postgres {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start() -> Result<Self, Error> {
        Self::start_in(&std::env::temp_dir())
    }

    /// The same with all that it keeps in a folder below this one.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_in(above: &Path) -> Result<Self, Error> {
        let run_as = RunAs::instead_of_root(USER)?;
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("tidings-postgres-").tempdir_in(above).map_err(io("a folder"))?;
        if let Some(user) = &run_as {
            user.own(folder.path())?;
        }
        let mut server = Self { service: Mutex::new(None), folder, port: 0, run_as, also: Mutex::default() };
        let mut initdb = process::command(&program("initdb")?, server.run_as.as_ref(), "KILL");
        initdb.current_dir(server.folder.path());
        let initdb = initdb.args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--username", USER]);
        let initdb =
            initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--pgdata"]);
        process::run(initdb.arg(server.data()))?;
        process::at_free_port(|port| {
            server.port = port;
            server.start_again()
        })?;
        Ok(server)
    }

    /// Starts it after it was stopped, on the same port and with what it has kept.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&self) -> Result<(), Error> {
        self.start_with(&[])
    }

    /// Starts it anew so that it listens at this address too, and lets in whoever comes from `cidr`.
    ///
    /// # Errors
    /// It does not stop or start.
    pub fn listen_at(&self, address: Ipv4Addr, cidr: &str) -> Result<(), Error> {
        use std::io::Write as _;
        let file = self.data().join("pg_hba.conf");
        let opened = std::fs::File::options().append(true).open(&file);
        opened.and_then(|mut file| writeln!(file, "host all all {cidr} trust")).map_err(io("pg_hba.conf"))?;
        *self.also.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        self.stop_immediate()?;
        self.start_again()
    }

    /// As [`start_again`](Self::start_again), with settings of this start alone: `fsync=off`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_with(&self, settings: &[&str]) -> Result<(), Error> {
        let mut running = self.service();
        *running = None;
        let mut command = process::command(&program("postgres")?, self.run_as.as_ref(), IMMEDIATE);
        command
            .current_dir(self.folder.path())
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(self.port.to_string());
        let also = *self.also.lock().unwrap_or_else(PoisonError::into_inner);
        let also = also.map(|address| format!(",{address}")).unwrap_or_default();
        command.args(["-c", &format!("listen_addresses=127.0.0.1{also}")]);
        for setting in SETTINGS.iter().chain(settings) {
            command.args(["-c", setting]);
        }
        let mut service = Service::spawn(&mut command, &self.folder.path().join("log"))?;
        let ready = program("pg_isready")?;
        let port = self.port.to_string();
        service.until(|| {
            process::run(Command::new(&ready).args(["-q", "-h", "127.0.0.1", "-p", &port])).is_ok()
        })?;
        *running = Some(service);
        Ok(())
    }

    /// Starts it so that it takes TLS too, with a certificate of its own for 127.0.0.1, and gives the certificate.
    ///
    /// # Errors
    /// It does not start, or `openssl` is not installed.
    pub fn start_with_tls(&self) -> Result<PathBuf, Error> {
        let made = certificate::make(&self.data(), self.run_as.as_ref())?;
        self.start_with(&["ssl=on"])?;
        Ok(made.file)
    }

    /// Stops it as a crash would: no connection is ended in peace, and the next start recovers from the log.
    ///
    /// # Errors
    /// It does not stop.
    pub fn stop_immediate(&self) -> Result<(), Error> {
        let Some(mut service) = self.service().take() else { return Ok(()) };
        // A stopped process takes no other signal.
        let _ = signal_all(&service, "CONT");
        service.signal(IMMEDIATE)?;
        service.ended().map(drop)
    }

    /// Stops all its processes where they are: connections stand and nobody answers.
    ///
    /// # Errors
    /// It is not running.
    pub fn hang(&self) -> Result<(), Error> {
        self.service().as_ref().map_or(Ok(()), |service| signal_all(service, "STOP"))
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// It is not running.
    pub fn go_on(&self) -> Result<(), Error> {
        self.service().as_ref().map_or(Ok(()), |service| signal_all(service, "CONT"))
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of its first database, for making others.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/postgres", self.port)
    }

    fn service(&self) -> MutexGuard<'_, Option<Service>> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

/// The first process, so that it starts no others, and its children.
fn signal_all(service: &Service, name: &str) -> Result<(), Error> {
    service.signal(name)?;
    let id = service.id();
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    for child in children.split_whitespace() {
        // One may have ended meanwhile.
        let _ = process::run(Command::new("kill").args(["-s", name, child]));
    }
    Ok(())
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its own children end with it only when it is told to end.
        let _ = self.stop_immediate();
    }
}

/// A database for one test, in the server that the environment names or in one of its own. It goes when dropped.
#[derive(Debug)]
pub struct Database {
    name: String,
    server_url: String,
    _server: Option<Arc<Postgres>>,
}

impl Database {
    /// Makes one.
    ///
    /// # Errors
    /// The server that the environment names does not answer, or none can be started.
    pub fn create() -> Result<Self, Error> {
        match std::env::var(SERVER) {
            Ok(url) => Self::at(url, None),
            Err(_) => Self::on(&Arc::new(Postgres::start()?)),
        }
    }

    /// Makes one on this server.
    ///
    /// # Errors
    /// The server does not answer.
    pub fn on(server: &Arc<Postgres>) -> Result<Self, Error> {
        Self::at(server.url(), Some(Arc::clone(server)))
    }

    /// Makes one of this name, on a server that has none of it yet.
    ///
    /// # Errors
    /// The server does not answer, or has one.
    pub fn named(server: &Arc<Postgres>, name: &str) -> Result<Self, Error> {
        Self::make(name.to_owned(), server.url(), Some(Arc::clone(server)))
    }

    fn at(server_url: String, server: Option<Arc<Postgres>>) -> Result<Self, Error> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tidings_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self::make(name, server_url, server)
    }

    fn make(name: String, server_url: String, server: Option<Arc<Postgres>>) -> Result<Self, Error> {
        sql(&server_url, &format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        Ok(Self { name, server_url, _server: server })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let server = self.server_url.rsplit_once('/').map_or("", |(server, _)| server);
        format!("{server}/{}", self.name)
    }

    /// Runs statements in it by `psql` and gives what they answer, without decoration.
    ///
    /// # Errors
    /// One fails.
    pub fn sql(&self, statements: &str) -> Result<String, Error> {
        sql(&self.url(), statements)
    }

    /// All of it as SQL, by `pg_dump`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn dump(&self) -> Result<String, Error> {
        process::run(Command::new(program("pg_dump")?).arg("--dbname").arg(self.url()))
    }

    /// Does what a dump says.
    ///
    /// # Errors
    /// A statement fails.
    pub fn restore(&self, dump: &str) -> Result<(), Error> {
        let file = tempfile::NamedTempFile::new().map_err(io("a file"))?;
        std::fs::write(file.path(), dump).map_err(io("a file"))?;
        let mut psql = Command::new(program("psql")?);
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--output=/dev/null",
            "--dbname",
            &self.url(),
        ]);
        process::run(psql.arg("--file").arg(file.path())).map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = sql(&self.server_url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn sql(url: &str, statements: &str) -> Result<String, Error> {
    let mut psql = Command::new(program("psql")?);
    psql.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        "--command",
        statements,
    ]);
    process::run(psql.arg("--dbname").arg(url))
}

/// The folder of the programs that belong to the servers started here.
///
/// # Errors
/// PostgreSQL is not installed.
pub fn programs() -> Result<PathBuf, Error> {
    Ok(program("postgres")?.parent().map(PathBuf::from).unwrap_or_default())
}

/// Debian keeps the programs of each version in a folder of its own; the newest is taken.
fn program(name: &str) -> Result<PathBuf, Error> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|v| v.to_str()?.parse::<u32>().ok()).unwrap_or(0));
    let folders: Vec<PathBuf> = versions.into_iter().rev().map(|version| version.join("bin")).collect();
    process::program(name, PACKAGE, &folders)
}
