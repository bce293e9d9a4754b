//! The commands for backup and restore, taken out of the page that operators read.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use crate::error::Error;

const PAGE: &str = include_str!("../../../../docs/operations.md");
/// The page's folder for the database.
const DATA: &str = "/var/lib/tidings";
/// The page's folder for backups.
const BACKUPS: &str = "/backup";
/// A day as the page writes it where a backup is made, and where it is put back.
const DAYS: [&str; 2] = ["$(date +%F)", "2026-11-29"];
/// One block of commands takes no longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// The block of commands that does something on a store. Its first line says so: `# SQLite: back up, …`.
pub(super) fn of(store: &str, doing: &str) -> Result<String, Error> {
    let first = format!("# {store}: {doing}");
    let mut blocks = PAGE.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    let found = blocks.find(|(block, _)| block.starts_with(&first));
    found
        .map(|(block, _)| block.to_owned())
        .ok_or_else(|| Error::Broken(format!("docs/operations.md has no `{first}`")))
}

/// Where they run, with the page's places changed for the run's own.
pub(super) struct Shell {
    /// In place of `/var/lib/tidings`.
    pub(super) data: PathBuf,
    backups: PathBuf,
    programs: Vec<PathBuf>,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    /// One that keeps backups here.
    pub(super) const fn new(backups: PathBuf) -> Self {
        Self { data: PathBuf::new(), backups, programs: Vec::new(), variables: Vec::new() }
    }

    /// It finds the programs of this folder before others.
    pub(super) fn finds(&mut self, folder: PathBuf) {
        self.programs.push(folder);
    }

    /// A variable.
    pub(super) fn knows(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.push((name, value.into()));
    }

    /// Runs a block to its end.
    ///
    /// # Errors
    /// One of its commands fails.
    pub(super) async fn run(&self, block: &str) -> Result<(), Error> {
        let mut command = Command::new("sh");
        command.args(["-e", "-u", "-c", &self.here(block)]).env("PATH", self.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let late = |_| Error::Late { what: block.to_owned(), seconds: PATIENCE.as_secs() };
        let done = timeout(PATIENCE, command.output()).await.map_err(late)?;
        let done = done.map_err(|e| Error::io("run the commands of docs/operations.md", e))?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        Err(Error::Broken(format!("the documented commands end with {}: {said}\n{block}", done.status)))
    }

    /// The block with the run's own places in it.
    fn here(&self, block: &str) -> String {
        let mut text = block.replace(DATA, &self.data.display().to_string());
        text = text.replace(BACKUPS, &self.backups.display().to_string());
        DAYS.iter().fold(text, |text, day| text.replace(day, "of-the-run"))
    }

    fn path(&self) -> OsString {
        let before = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.programs.iter().cloned().chain(std::env::split_paths(&before));
        std::env::join_paths(folders).unwrap_or(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_all_four_blocks_and_a_run_leaves_the_machine_alone() {
        let mut shell = Shell::new(PathBuf::from("/tmp/b"));
        shell.data = PathBuf::from("/tmp/d");
        for store in ["SQLite", "PostgreSQL"] {
            for doing in ["back up", "restore"] {
                let block = of(store, doing).unwrap();
                assert!(block.contains(BACKUPS), "{block}");
                let here = shell.here(&block);
                assert!(here.contains("/tmp/b/tidings-of-the-run"), "{here}");
                assert!(!here.contains(DATA) && !here.contains(BACKUPS), "{here}");
            }
        }
        assert!(of("SQLite", "burn").is_err());
    }
}
