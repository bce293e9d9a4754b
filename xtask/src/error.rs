//! What can go wrong in a build step.

use std::{io, path::PathBuf, process::ExitStatus};

/// A build step that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{program}`: {source}; {advice}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
        /// What to type.
        advice: &'static str,
    },
    /// A program ended with a failure.
    #[error("`{command}` failed: {status}")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The bindings generator or the wasm test runner failed.
    #[error("{program} failed")]
    Bindgen {
        /// Which of the two.
        program: &'static str,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A TOML file does not have the expected form.
    #[error("{path}: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
    /// What a program printed is not the JSON that was expected.
    #[error("{what}: {source}")]
    Json {
        /// What it was to be.
        what: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A wasm module is not one that can be packed.
    #[error("byte {at} of the module: {what}")]
    Wasm {
        /// What is odd about it.
        what: &'static str,
        /// How far it was read.
        at: usize,
    },
    /// A Rust file could not be parsed.
    #[error("{path}: {source}")]
    Rust {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: syn::Error,
    },
    /// A rule of the workspace is broken.
    #[error("{what}:\n{}", .findings.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"))]
    Rule {
        /// The rule.
        what: &'static str,
        /// One line for each breach.
        findings: Vec<String>,
    },
    /// Something that a step needs is not there.
    #[error("{path} is missing; {advice}")]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// How to get it.
        advice: &'static str,
    },
}
