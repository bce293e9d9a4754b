//! Redis: a server of its own for each test, which can be killed, hung, emptied and started again.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use crate::certificate::{self, Certificate};
use crate::process::{self, Error, Service, io};

const PACKAGE: &str = "redis-server";

/// Nothing is kept on disk: what Tidings puts there may be lost at any time.
const SETTINGS: &[&str] = &["--save", "", "--appendonly", "no", "--daemonize", "no"];

/// A server that is stopped and thrown away when dropped, or when the thread that started it ends.
#[derive(Debug)]
pub struct Redis {
    service: Mutex<Option<Service>>,
    folder: TempDir,
    port: u16,
    /// Where it listens besides loopback.
    also: Mutex<Option<Ipv4Addr>>,
}

impl Redis {
    /// Starts an empty one.
    ///
    /// # Errors
    /// Redis is not installed, or does not start.
    pub fn start() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("tidings-redis-").tempdir().map_err(io("a folder"))?;
        let mut server = Self { service: Mutex::new(None), folder, port: 0, also: Mutex::default() };
        process::at_free_port(|port| {
            server.port = port;
            server.start_again()
        })?;
        Ok(server)
    }

    /// Starts it after it was killed, on the same port and empty.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_again(&self) -> Result<(), Error> {
        self.start_with(&[])
    }

    /// Starts it anew as a node of a Redis Cluster, alone in it.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_as_cluster(&self) -> Result<(), Error> {
        self.start_with(&["--cluster-enabled", "yes"])
    }

    /// Starts it anew so that it takes TLS too, on a port of its own, and gives its URL there and its certificate.
    ///
    /// # Errors
    /// It does not start, or `openssl` is not installed.
    pub fn start_with_tls(&self) -> Result<(String, Certificate), Error> {
        let (port, made) = (process::free_port()?, certificate::make(self.folder.path(), None)?);
        let (at, file, key) =
            (port.to_string(), made.file.display().to_string(), made.key.display().to_string());
        let tls = ["--tls-port", &at, "--tls-cert-file", &file, "--tls-key-file", &key];
        self.start_with(&[&tls[..], &["--tls-ca-cert-file", &file, "--tls-auth-clients", "no"]].concat())?;
        Ok((format!("rediss://127.0.0.1:{port}"), made))
    }

    /// Starts it anew so that it listens at this address too, to whoever comes.
    ///
    /// # Errors
    /// It does not start.
    pub fn listen_at(&self, address: Ipv4Addr) -> Result<(), Error> {
        *self.also.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
        self.start_again()
    }

    fn start_with(&self, settings: &[&str]) -> Result<(), Error> {
        let mut running = self.service();
        *running = None;
        let program = process::program("redis-server", PACKAGE, &[])?;
        let mut command = process::command(&program, None, "KILL");
        command
            .current_dir(self.folder.path())
            .args(["--port", &self.port.to_string()])
            .args(SETTINGS)
            .args(settings);
        command.args(["--bind", "127.0.0.1"]);
        if let Some(address) = *self.also.lock().unwrap_or_else(PoisonError::into_inner) {
            command.args([&address.to_string(), "--protected-mode", "no"]);
        }
        let mut service = Service::spawn(&mut command, &self.folder.path().join("log"))?;
        service.until(|| self.say(&["PING"]).is_ok_and(|answer| answer.trim() == "PONG"))?;
        *running = Some(service);
        Ok(())
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&self) {
        // A service is killed, and waited for, when it is dropped.
        drop(self.service().take());
    }

    /// Stops its process where it stands: connections stay open and nothing is answered.
    ///
    /// # Errors
    /// It is not running.
    pub fn hang(&self) -> Result<(), Error> {
        self.signal("STOP")
    }

    /// Lets it go on after [`Redis::hang`].
    ///
    /// # Errors
    /// It is not running.
    pub fn go_on(&self) -> Result<(), Error> {
        self.signal("CONT")
    }

    /// Takes away everything that it keeps.
    ///
    /// # Errors
    /// It does not answer.
    pub fn flush_all(&self) -> Result<(), Error> {
        self.say(&["FLUSHALL"]).map(drop)
    }

    /// Runs a command by `redis-cli` and gives the answer as text.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub fn say(&self, words: &[&str]) -> Result<String, Error> {
        let program = process::program("redis-cli", "redis-tools", &[])?;
        process::run(Command::new(program).args(["-e", "-p", &self.port.to_string()]).args(words))
    }

    /// Its process, unless it was killed.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.service().as_ref().map(Service::id)
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn signal(&self, name: &str) -> Result<(), Error> {
        self.service().as_ref().map_or(Ok(()), |service| service.signal(name))
    }

    fn service(&self) -> MutexGuard<'_, Option<Service>> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
