//! What every service needs: a program, a port, a folder, and a child that does not outlive its parent.

use std::ffi::OsStr;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often a service is asked whether it is there.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// No service takes longer to come or to go.
const PATIENCE: Duration = Duration::from_secs(60);
/// Below the range from which systems take the ports of outgoing connections, so that a service that is
/// stopped finds its port free again.
const PORTS: std::ops::Range<u32> = 12_000..31_000;
/// How many ports are tried.
const STARTS: u32 = 5;

/// Why a service is not there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program is not installed.
    #[error("{program} is not installed; ./x setup installs it, or type: apt-get install {package}")]
    Missing {
        /// Which one.
        program: String,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// A file, folder or process could not be made.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A service ended, or did not come in time.
    #[error("{what}\n{output}")]
    Failed {
        /// What was waited for.
        what: String,
        /// What the service said.
        output: String,
    },
}

/// Names what an I/O error came from.
pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { what: what.into(), source }
}

/// Finds a program in `PATH`, in the folders where Debian keeps programs of administrators, and in `more`.
///
/// # Errors
/// It is not installed.
pub fn program(name: &str, package: &'static str, more: &[PathBuf]) -> Result<PathBuf, Error> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    more.iter()
        .cloned()
        .chain(std::env::split_paths(&path))
        .chain(usual)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| Error::Missing { program: name.to_owned(), package })
}

/// Starts something at a free port, and at another where it fails: somebody may take the port before it does.
///
/// # Errors
/// That of the last of several tries.
pub fn at_free_port<T>(mut start: impl FnMut(u16) -> Result<T, Error>) -> Result<T, Error> {
    let mut tried = 1;
    loop {
        match start(free_port()?) {
            Err(_) if tried < STARTS => tried += 1,
            ended => return ended,
        }
    }
}

/// A port on loopback that nobody uses now.
///
/// # Errors
/// All that were tried are taken.
pub fn free_port() -> Result<u16, Error> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Processes begin at places of their own.
    let begin = std::process::id().wrapping_mul(61);
    for _ in 0..200 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(7);
        let port = PORTS.start + begin.wrapping_add(step) % (PORTS.end - PORTS.start);
        let Ok(port) = u16::try_from(port) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::Failed { what: "no port is free".into(), output: String::new() })
}

/// A user to run as, where this process is root and the service refuses to be.
#[derive(Clone, Debug)]
pub struct RunAs {
    name: String,
    uid: u32,
    gid: u32,
}

impl RunAs {
    /// `name` where this process is root; nobody else otherwise.
    ///
    /// # Errors
    /// There is no such user.
    pub fn instead_of_root(name: &str) -> Result<Option<Self>, Error> {
        if id(&["-u"])? != 0 {
            return Ok(None);
        }
        Ok(Some(Self { name: name.to_owned(), uid: id(&["-u", name])?, gid: id(&["-g", name])? }))
    }

    /// Gives a file or folder to the user.
    ///
    /// # Errors
    /// The system refuses.
    pub fn own(&self, path: &Path) -> Result<(), Error> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .map_err(io(format!("chown {}", path.display())))
    }
}

fn id(arguments: &[&str]) -> Result<u32, Error> {
    let output = run(Command::new("id").args(arguments))?;
    output.trim().parse().map_err(|_| Error::Failed { what: "id gave no number".into(), output })
}

/// A command for `program` that runs as `user` and is sent `signal` when the thread that started it ends.
#[must_use]
pub fn command(program: &Path, user: Option<&RunAs>, signal: &str) -> Command {
    let Ok(setpriv) = self::program("setpriv", "util-linux", &[]) else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    if let Some(user) = user {
        command.args(["--reuid", &user.name, "--regid", &user.gid.to_string(), "--init-groups"]);
    }
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Runs a command to its end and gives what it wrote.
///
/// # Errors
/// It could not be run, or it failed.
pub fn run(command: &mut Command) -> Result<String, Error> {
    let shown = shown(command);
    let output = command.stdin(Stdio::null()).output().map_err(io(shown.clone()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Failed { what: format!("{shown}: {}", output.status), output: said })
}

/// A running service with its log; killed when dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a command; what it says goes to the end of `log`.
    ///
    /// # Errors
    /// It could not be started.
    pub fn spawn(command: &mut Command, log: &Path) -> Result<Self, Error> {
        let open =
            || File::options().create(true).append(true).open(log).map_err(io(log.display().to_string()));
        let shown = shown(command);
        let child =
            command.stdin(Stdio::null()).stdout(open()?).stderr(open()?).spawn().map_err(io(shown))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether its process has not ended.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal, by the name that `kill` knows.
    ///
    /// # Errors
    /// It is gone.
    pub fn signal(&self, name: &str) -> Result<(), Error> {
        run(Command::new("kill").args(["-s", name, &self.id().to_string()])).map(drop)
    }

    /// Waits until it is there.
    ///
    /// # Errors
    /// It ended, or did not come in time.
    pub fn until(&mut self, mut there: impl FnMut() -> bool) -> Result<(), Error> {
        let until = Instant::now() + PATIENCE;
        while !there() {
            let ended = self.child.try_wait().map_err(io("wait"))?;
            if ended.is_some() || Instant::now() > until {
                let output = std::fs::read_to_string(&self.log).unwrap_or_default();
                return Err(Error::Failed { what: format!("a service did not start ({ended:?})"), output });
            }
            pause();
        }
        Ok(())
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn ended(&mut self) -> Result<ExitStatus, Error> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().map_err(io("wait"))? {
                return Ok(status);
            }
            if Instant::now() > until {
                return Err(Error::Failed { what: "a service did not stop".into(), output: String::new() });
            }
            pause();
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "another program's start is no event of this one")]
fn pause() {
    std::thread::sleep(ASK_AGAIN);
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
