//! Where things are in the workspace.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The paths that the build steps read and write.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The workspace around the current folder, else the one this binary was built from.
    #[must_use]
    pub fn find() -> Self {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
        let here = env::current_dir().unwrap_or_default();
        let root = here
            .ancestors()
            .find(|folder| folder.join("xtask/Cargo.toml").is_file())
            .unwrap_or(built_in)
            .to_path_buf();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    /// The top folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the top folder.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's output folder for the wasm target and a profile.
    #[must_use]
    pub fn wasm_output(&self, profile: &str) -> PathBuf {
        let folder = if profile == "dev" { "debug" } else { profile };
        self.target.join("wasm32-unknown-unknown").join(folder)
    }

    /// Where build steps keep what they may throw away.
    #[must_use]
    pub fn scratch(&self, step: &str) -> PathBuf {
        self.target.join("xtask-out").join(step)
    }

    /// A tool that the setup recipes put into `.cache/bin`, else the one on the `PATH`.
    #[must_use]
    pub fn tool(&self, name: &str) -> PathBuf {
        let own = self.root.join(".cache/bin").join(name);
        if own.exists() { own } else { PathBuf::from(name) }
    }
}
