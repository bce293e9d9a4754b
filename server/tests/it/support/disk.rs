//! A small disk in memory, for tests that fill it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A disk, gone with this value.
pub(crate) struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Mounts it. Where this user may not, the test fails, and `./x test-native` leaves it out: its module is named
    /// `mounted`.
    pub(crate) fn mount(options: &str) -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        let is_mounted = disk.run("mount", &["-t", "tmpfs", "-o", options, "tmpfs"]);
        assert!(is_mounted, "this user may not mount a disk: run the test as root, or leave it out");
        disk
    }

    /// A program of the system with the disk's folder as its last argument.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = std::process::Command::new(program);
        command.args(arguments).arg(self.folder.path()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills what is left of it, by a file that may be removed again.
    pub(crate) fn fill(&self) -> PathBuf {
        use std::io::Write as _;

        let path = self.path().join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [64 * 1024, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.run("umount", &["--lazy"]);
    }
}
