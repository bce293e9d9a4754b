//! The arrows between crates, read from their manifests.

use std::path::Path;

use toml::{Table, Value};

use super::table::Crate;
use crate::{Error, files};

/// One line for each dependency that the table does not allow.
///
/// # Errors
/// A manifest could not be read.
pub fn findings(root: &Path, crates: &[Crate]) -> Result<Vec<String>, Error> {
    let mut findings = unlisted(root, crates)?;
    for one in crates {
        let file = Path::new(one.folder).join("Cargo.toml");
        let manifest = manifest(&root.join(&file))?;
        for (table, package) in dependencies(&manifest) {
            let in_tests = table == "dev-dependencies" && one.tests.contains(&package.as_str());
            if package.starts_with("tidings-") && !one.uses.contains(&package.as_str()) && !in_tests {
                findings.push(format!(
                    "{}: {} may not have {package} in [{table}]",
                    file.display(),
                    one.package
                ));
            }
        }
    }
    Ok(findings)
}

/// Members of the workspace that the table does not know.
fn unlisted(root: &Path, crates: &[Crate]) -> Result<Vec<String>, Error> {
    let workspace = manifest(&root.join("Cargo.toml"))?;
    let members = workspace.get("workspace").and_then(|table| table.get("members")).and_then(Value::as_array);
    let names = members.into_iter().flatten().filter_map(Value::as_str);
    Ok(names
        .filter(|name| !crates.iter().any(|one| one.folder == *name))
        .map(|name| format!("Cargo.toml: the table does not know the member {name}"))
        .collect())
}

fn manifest(path: &Path) -> Result<Table, Error> {
    let text = files::read_text(path)?;
    text.parse().map_err(|source| Error::Toml { path: path.to_path_buf(), source: Box::new(source) })
}

/// Every dependency as (kind of table, package), those for one target only included.
fn dependencies(manifest: &Table) -> Vec<(&'static str, String)> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables: Vec<&Table> = std::iter::once(manifest).chain(targets.filter_map(Value::as_table)).collect();
    let mut found = Vec::new();
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for listed in tables.iter().filter_map(|table| table.get(kind)).filter_map(Value::as_table) {
            found.extend(listed.iter().map(|(key, value)| (kind, package(key, value))));
        }
    }
    found
}

/// The package behind a dependency, which may be renamed.
fn package(key: &str, value: &Value) -> String {
    value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Crate] = &[
        Crate { folder: "low", package: "tidings-low", uses: &[], tests: &["tidings-high"] },
        Crate { folder: "high", package: "tidings-high", uses: &["tidings-low"], tests: &[] },
    ];

    fn workspace(low: &str, high: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let write =
            |name: &str, text: &str| files::write_if_changed(&root.join(name), text.as_bytes()).unwrap();
        write("Cargo.toml", "[workspace]\nmembers = [\"low\", \"high\"]");
        write("low/Cargo.toml", low);
        write("high/Cargo.toml", high);
        findings(root, TABLE).unwrap()
    }

    #[test]
    fn an_allowed_arrow_and_foreign_crates_pass() {
        let high = "[dependencies]\ntidings-low.workspace = true\nserde = \"1\"";
        let low = "[dev-dependencies]\ntidings-high.workspace = true";
        assert_eq!(workspace(low, high), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_back_is_found_also_for_one_target_and_under_another_name() {
        let low =
            "[target.'cfg(unix)'.dependencies]\nup = { package = \"tidings-high\", path = \"../high\" }";
        assert_eq!(
            workspace(low, ""),
            ["low/Cargo.toml: tidings-low may not have tidings-high in [dependencies]"]
        );
    }

    #[test]
    fn a_member_that_the_table_does_not_know_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        files::write_if_changed(&manifest, b"[workspace]\nmembers = [\"new\"]").unwrap();
        assert_eq!(
            findings(folder.path(), &[]).unwrap(),
            ["Cargo.toml: the table does not know the member new"]
        );
    }
}
