//! The import rule: which crate may depend on which, and which module may use which.
//!
//! [`table`] is the one place that says what is allowed; [`scan`] finds what a file uses, [`crates`]
//! what a manifest depends on, and [`modules`] holds both against the table.

use std::path::PathBuf;

use crate::{Error, workspace::Workspace};

pub mod crates;
pub mod modules;
pub mod scan;
pub mod table;

/// Checks the whole workspace.
///
/// # Errors
/// An arrow is not allowed, or a file could not be read.
pub fn check(workspace: &Workspace) -> Result<(), Error> {
    let mut findings = crates::findings(workspace.root(), table::CRATES)?;
    for layer in table::LAYERS {
        findings.extend(modules::findings(workspace.root(), layer)?);
    }
    if findings.is_empty() {
        eprintln!(
            "import rule: {} crates and {} layered ones keep to it",
            table::CRATES.len(),
            table::LAYERS.len()
        );
        return Ok(());
    }
    Err(Error::Rule { what: "imports that xtask/src/imports/table.rs does not allow", findings })
}

/// A name that a file uses, with the place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The path as resolved from the crate's root, such as `["hub", "Hub"]`, or from another crate,
    /// such as `["tidings_client", "Client"]`.
    pub path: Vec<String>,
    /// Whether the path begins in this crate.
    pub internal: bool,
}
