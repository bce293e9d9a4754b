//! Size budgets: what a page downloads, in bytes after gzip, held against `budgets.toml`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;

use crate::{
    Error,
    files::{self, at},
    workspace::Workspace,
};

/// Options of `size`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Only the budgets whose name begins so
    #[arg(default_value = "")]
    prefix: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budgets {
    budget: Vec<Budget>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    name: String,
    /// Bytes after gzip, all files together.
    gzip: usize,
    files: Vec<PathBuf>,
}

/// Prints the sizes and fails on one above its budget.
///
/// # Errors
/// A budget is exceeded, or a file is missing.
pub fn check(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let path = workspace.path("budgets.toml");
    let budgets: Budgets = toml::from_str(&files::read_text(&path)?)
        .map_err(|source| Error::Toml { path: path.clone(), source: Box::new(source) })?;
    let mut findings = Vec::new();
    for budget in budgets.budget.iter().filter(|budget| budget.name.starts_with(&options.prefix)) {
        let size = budget.measure(workspace.root())?;
        eprintln!("size: {:<28} {size:>7} of {:>7} bytes gzip", budget.name, budget.gzip);
        if size > budget.gzip {
            findings.push(format!("{}: {} bytes over", budget.name, size - budget.gzip));
        }
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Error::Rule { what: "over the budgets of budgets.toml", findings })
    }
}

impl Budget {
    fn measure(&self, root: &Path) -> Result<usize, Error> {
        let mut sum = 0;
        for file in &self.files {
            let path = root.join(file);
            if !path.is_file() {
                return Err(Error::Missing { path, advice: "type `./x app` and `./x sdk`" });
            }
            sum += gzipped(&files::read(&path)?).map_err(at(&path))?;
        }
        Ok(sum)
    }
}

fn gzipped(content: &[u8]) -> std::io::Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_counts_all_its_files_and_a_missing_one_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), vec![b'a'; 5_000]).unwrap();
        std::fs::write(folder.path().join("b"), vec![b'b'; 5_000]).unwrap();
        let budget = |files: &[&str]| Budget {
            name: "x".to_owned(),
            gzip: 1,
            files: files.iter().map(PathBuf::from).collect(),
        };
        let one = budget(&["a"]).measure(folder.path()).unwrap();
        assert!(one < 100, "{one}");
        assert_eq!(budget(&["a", "b"]).measure(folder.path()).unwrap(), 2 * one);
        assert!(matches!(budget(&["c"]).measure(folder.path()), Err(Error::Missing { .. })));
    }
}
