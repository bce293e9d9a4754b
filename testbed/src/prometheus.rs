//! Prometheus with the configuration and the rules that are shipped, and targets of a test's own.

use std::fmt::Write as _;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::cluster::status;
use crate::process::{self, Error, Service, io};

const PACKAGE: &str = "prometheus";
const CONFIGURATION: &str = include_str!("../../deploy/prometheus/prometheus.yml");
const RULES: &str = include_str!("../../deploy/prometheus/alerts.yml");
/// How often it looks at targets and rules, in place of the intervals that are shipped. A target that takes longer counts as
/// down.
const INTERVALS: [(&str, &str); 2] = [
    ("scrape_interval: 15s", "scrape_interval: 2s"),
    ("evaluation_interval: 15s", "evaluation_interval: 200ms"),
];
/// Answers that it serves.
const SERVES: u16 = 200;

/// A server that is stopped and thrown away when dropped, or when the thread that started it ends.
#[derive(Debug)]
pub struct Prometheus {
    _service: Service,
    _folder: TempDir,
    port: u16,
}

impl Prometheus {
    /// Starts one that looks at these.
    ///
    /// # Errors
    /// Prometheus is not installed, or does not take what is shipped.
    pub fn start(targets: &[SocketAddr]) -> Result<Self, Error> {
        let folder =
            tempfile::Builder::new().prefix("tidings-prometheus-").tempdir().map_err(io("a folder"))?;
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).map_err(io(name));
        write("prometheus.yml", &configuration(targets)?)?;
        write("alerts.yml", RULES)?;
        let (service, port) = process::at_free_port(|port| Ok((serve(&folder, port)?, port)))?;
        Ok(Self { _service: service, _folder: folder, port })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn serve(folder: &TempDir, port: u16) -> Result<Service, Error> {
    let program = process::program("prometheus", PACKAGE, &[])?;
    let mut command = process::command(&program, None, "KILL");
    command.current_dir(folder.path()).args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let mut service = Service::spawn(&mut command, &folder.path().join("log"))?;
    service.until(|| status(port, "/-/ready") == Some(SERVES))?;
    Ok(service)
}

/// The file with these targets in place of its own, looked at more often.
fn configuration(targets: &[SocketAddr]) -> Result<String, Error> {
    let is_target = |line: &str| line.trim_start().starts_with("- tidings-");
    let first = CONFIGURATION.lines().find(|line| is_target(line)).ok_or_else(|| unlike("- tidings-"))?;
    let indent = first.split("- ").next().unwrap_or_default();
    let mut text = String::new();
    for line in CONFIGURATION.lines() {
        if line == first {
            text += &targets.iter().map(|target| format!("{indent}- {target}\n")).collect::<String>();
        } else if !is_target(line) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
        }
    }
    for (shipped, here) in INTERVALS {
        if text.matches(shipped).count() != 1 {
            return Err(unlike(shipped));
        }
        text = text.replace(shipped, here);
    }
    Ok(text)
}

fn unlike(line: &str) -> Error {
    let output = "testbed/src/prometheus.rs puts the test's own there.".to_owned();
    Error::Failed { what: format!("deploy/prometheus/prometheus.yml has no one `{line}`"), output }
}
