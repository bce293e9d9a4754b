//! nginx with the configuration that `deploy/nginx` ships, on a port and in a folder of its own.
//!
//! Only places are changed: where it listens, who stands behind it, and where its files lie. All else is what runs in
//! production, so what a test finds holds there.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{self, Error, Service, io};

const PACKAGE: &str = "nginx-light";

const CONFIGURATION: &str = include_str!("../../deploy/nginx/nginx.conf");
const ROUND_ROBIN: &str = include_str!("../../deploy/nginx/upstream-round-robin.conf");
const IP_HASH: &str = include_str!("../../deploy/nginx/upstream-ip-hash.conf");

/// What nginx keeps in files while it passes something on.
const TEMPORARY: &[&str] = &["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/// How it chooses the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// The next one each time.
    RoundRobin,
    /// By the client's address.
    IpHash,
}

/// A server that is stopped and thrown away when dropped, or when the thread that started it ends.
#[derive(Debug)]
pub struct Nginx {
    service: Service,
    folder: TempDir,
    port: u16,
}

impl Nginx {
    /// Starts it in front of the nodes at these addresses.
    ///
    /// # Errors
    /// nginx is not installed, or does not start.
    pub fn start(balance: Balance, nodes: &[SocketAddr]) -> Result<Self, Error> {
        process::at_free_port(|port| Self::start_at(port, balance, nodes))
    }

    /// The same on a port that is asked for.
    ///
    /// # Errors
    /// As [`start`](Self::start), and where the port is taken.
    pub fn start_at(port: u16, balance: Balance, nodes: &[SocketAddr]) -> Result<Self, Error> {
        let folder = written(port, balance, nodes)?;
        let mut command = process::command(&program()?, None, "QUIT");
        command.args(arguments(folder.path())).args(["-g", "daemon off;"]);
        let mut service = Service::spawn(&mut command, &folder.path().join("log"))?;
        service.until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self { service, folder, port })
    }

    /// `nginx -t`: whether it takes the configuration.
    ///
    /// # Errors
    /// It does not, and this is what it says.
    pub fn test(balance: Balance) -> Result<(), Error> {
        let folder = written(
            process::free_port()?,
            balance,
            &[SocketAddr::from(([127, 0, 0, 1], process::free_port()?))],
        )?;
        process::run(Command::new(program()?).args(arguments(folder.path())).arg("-t")).map(drop)
    }

    /// Has it read its configuration again: new workers, and the old ones end.
    ///
    /// # Errors
    /// It is gone.
    pub fn reload(&self) -> Result<(), Error> {
        self.service.signal("HUP")
    }

    /// Its workers, the old ones of a reload too.
    #[must_use]
    pub fn workers(&self) -> Vec<u32> {
        let id = self.service.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().filter_map(|child| child.parse().ok()).collect()
    }

    /// Everything that it has logged: requests and errors.
    #[must_use]
    pub fn logged(&self) -> String {
        let read = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        ["access.log", "error.log", "log"].map(read).concat()
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed alone, it would leave its workers behind.
        if self.service.signal("TERM").is_ok() {
            let _ = self.service.ended();
        }
    }
}

fn program() -> Result<PathBuf, Error> {
    process::program("nginx", PACKAGE, &[])
}

fn arguments(folder: &Path) -> [PathBuf; 6] {
    [
        PathBuf::from("-p"),
        folder.to_owned(),
        PathBuf::from("-e"),
        folder.join("error.log"),
        PathBuf::from("-c"),
        folder.join("nginx.conf"),
    ]
}

/// A folder with the configuration.
fn written(port: u16, balance: Balance, nodes: &[SocketAddr]) -> Result<TempDir, Error> {
    let folder = tempfile::Builder::new().prefix("tidings-nginx-").tempdir().map_err(io("a folder"))?;
    // Its workers run as somebody else where it is started by root.
    let readable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), readable).map_err(io("a folder"))?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).map_err(io(name));
    write("nginx.conf", &configuration(folder.path(), port)?)?;
    write("upstream.conf", &upstream(balance, nodes)?)?;
    Ok(folder)
}

fn configuration(folder: &Path, port: u16) -> Result<String, Error> {
    let place = |name: &str| folder.join(name).display().to_string();
    let mut http = "http {\n".to_owned();
    for kind in TEMPORARY {
        // Writing to a string cannot fail.
        let _ = writeln!(http, "    {kind}_temp_path {};", place(kind));
    }
    let places = [
        ("listen 80;", format!("listen 127.0.0.1:{port};")),
        ("pid /run/nginx.pid;", format!("pid {};", place("nginx.pid"))),
        ("error_log /dev/stderr ", format!("error_log {} ", place("error.log"))),
        ("access_log /dev/stdout ", format!("access_log {} ", place("access.log"))),
        ("http {\n", http),
    ];
    let mut text = CONFIGURATION.to_owned();
    for (from, to) in places {
        if text.matches(from).count() != 1 {
            return Err(unlike(from));
        }
        text = text.replace(from, &to);
    }
    Ok(text)
}

/// The file with the nodes' lines in place of its own, in each group under the group's own conditions.
fn upstream(balance: Balance, nodes: &[SocketAddr]) -> Result<String, Error> {
    let text = match balance {
        Balance::RoundRobin => ROUND_ROBIN,
        Balance::IpHash => IP_HASH,
    };
    let (mut filled, mut was_node) = (String::new(), false);
    for line in text.lines() {
        let is_node = line.trim_start().starts_with("server ");
        if is_node && !was_node {
            let conditions = line.split_once(":8080").ok_or_else(|| unlike(":8080"))?.1;
            filled.extend(nodes.iter().map(|node| format!("    server {node}{conditions}\n")));
        } else if !is_node {
            // Writing to a string cannot fail.
            let _ = writeln!(filled, "{line}");
        }
        was_node = is_node;
    }
    Ok(filled)
}

fn unlike(line: &str) -> Error {
    let output = "testbed/src/nginx.rs puts the test's own places there.".to_owned();
    Error::Failed { what: format!("deploy/nginx has no one `{line}`"), output }
}
