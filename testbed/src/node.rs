//! One process of a server in a cluster, which can be killed, stopped, hung and started again on its port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cluster::status;
use crate::netns::Machine;
use crate::process::{self, Error, Service, io};

/// Answers that it serves.
const SERVES: u16 = 200;

/// A process, killed when dropped.
#[derive(Debug)]
pub struct Node {
    service: Mutex<Option<Service>>,
    folder: TempDir,
    program: Mutex<PathBuf>,
    /// Where it runs, where that is not this machine.
    machine: Option<Machine>,
    flags: Vec<String>,
    variables: Vec<(String, String)>,
    port: u16,
    metrics: u16,
}

impl Node {
    pub(crate) fn start(
        program: &Path,
        flags: &[String],
        variables: &[(String, String)],
        machine: Option<&Machine>,
    ) -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("tidings-node-").tempdir().map_err(io("a folder"))?;
        let mut node = Self {
            service: Mutex::new(None),
            folder,
            program: Mutex::new(absolute(program)?),
            machine: machine.cloned(),
            flags: flags.to_vec(),
            variables: variables.to_vec(),
            port: 0,
            metrics: 0,
        };
        process::at_free_port(|port| {
            (node.port, node.metrics) = (port, process::free_port()?);
            node.start_again()
        })?;
        Ok(node)
    }

    /// Starts it after it was killed or has ended, and waits until it serves.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_again(&self) -> Result<(), Error> {
        let mut running = self.service();
        *running = None;
        let program = self.program.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let bare = process::command(&program, None, "KILL");
        let mut command = match &self.machine {
            Some(machine) => behind(&machine.inside()?, &bare),
            None => bare,
        };
        let at = |port: u16| SocketAddr::from((self.host(), port)).to_string();
        command
            .current_dir(self.folder.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .args(["serve", "--listen", &at(self.port), "--metrics-listen", &at(self.metrics)])
            .args(&self.flags);
        let mut service = Service::spawn(&mut command, &self.log())?;
        service.until(|| self.readiness() == Some(SERVES))?;
        *running = Some(service);
        Ok(())
    }

    /// Another binary of the server: the next start is of this one.
    ///
    /// # Errors
    /// There is none.
    pub fn replace(&self, program: &Path) -> Result<(), Error> {
        *self.program.lock().unwrap_or_else(PoisonError::into_inner) = absolute(program)?;
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&self) {
        drop(self.service().take());
    }

    /// SIGTERM, and the wait for its end. Returns how it ended and how long that took.
    ///
    /// # Errors
    /// It does not run, or does not end.
    pub fn terminate(&self) -> Result<(ExitStatus, Duration), Error> {
        let not_there = || Error::Failed { what: "the node does not run".into(), output: String::new() };
        let mut service = self.service().take().ok_or_else(not_there)?;
        let began = Instant::now();
        service.signal("TERM")?;
        Ok((service.ended()?, began.elapsed()))
    }

    /// Stops the process where it stands: connections stay open and nothing is answered.
    ///
    /// # Errors
    /// It is not running.
    pub fn hang(&self) -> Result<(), Error> {
        self.signal("STOP")
    }

    /// Lets it go on after [`hang`](Self::hang).
    ///
    /// # Errors
    /// It is not running.
    pub fn go_on(&self) -> Result<(), Error> {
        self.signal("CONT")
    }

    /// The status with which it says whether it serves, where it answers.
    #[must_use]
    pub fn readiness(&self) -> Option<u16> {
        match &self.machine {
            // Its cable may be pulled.
            Some(machine) => machine.status(self.port, "/readyz"),
            None => status(self.port, "/readyz"),
        }
    }

    /// Whether its process has been started and has not ended, by a signal or by itself.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.service().as_mut().is_some_and(Service::is_running)
    }

    /// The process that was started last, unless it was ended from here.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.service().as_ref().map(Service::id)
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it has its metrics and the admin API.
    #[must_use]
    pub const fn metrics_port(&self) -> u16 {
        self.metrics
    }

    /// Its own address, past nginx.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Where it listens, with its host.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((self.host(), self.port))
    }

    /// The machine that it runs on, where that is not this one.
    #[must_use]
    pub const fn machine(&self) -> Option<&Machine> {
        self.machine.as_ref()
    }

    /// Everything that it has logged, over all its starts.
    #[must_use]
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// The file that it logs to.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn host(&self) -> Ipv4Addr {
        self.machine.as_ref().map_or(Ipv4Addr::LOCALHOST, Machine::address)
    }

    fn signal(&self, name: &str) -> Result<(), Error> {
        self.service().as_ref().map_or(Ok(()), |service| service.signal(name))
    }

    fn service(&self) -> MutexGuard<'_, Option<Service>> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn absolute(program: &Path) -> Result<PathBuf, Error> {
    program.canonicalize().map_err(io(program.display().to_string()))
}

/// A command with these words before it.
fn behind(words: &[String], command: &Command) -> Command {
    let (first, others) = words.split_first().map_or(("", words), |(first, others)| (first.as_str(), others));
    let mut whole = Command::new(first);
    whole.args(others).arg(command.get_program()).args(command.get_args());
    whole
}
