//! JavaScript that stands beside Rust code: the bindings import it from files of its own, and here it becomes part of
//! the glue, so that a module is two files and no more.

use std::path::Path;

use crate::{Error, files};

/// The glue with every import from `./snippets/` replaced by what is imported.
///
/// # Errors
/// A file that is imported cannot be read.
pub fn inline(folder: &Path, glue: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(glue.len());
    for line in glue.lines() {
        match imported(line) {
            Some(path) => out.push_str(&without_exports(&files::read_text(&folder.join(path))?)),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

/// The file that a line imports from.
fn imported(line: &str) -> Option<&str> {
    let (_, path) = line.strip_prefix("import {")?.split_once("} from './")?;
    path.strip_suffix("';").filter(|path| path.starts_with("snippets/"))
}

/// In one module with what uses them, names need no export.
fn without_exports(text: &str) -> String {
    text.lines().map(|line| line.strip_prefix("export ").unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_becomes_part_of_the_glue() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("snippets/crate-1f/src/a.js");
        files::write_if_changed(&beside, b"const b = 1;\nexport class A {\n  b = b;\n}\n").unwrap();
        let glue = "import { A } from './snippets/crate-1f/src/a.js';\nimport { C } from 'c';\nnew A(C);\n";
        let one = "const b = 1;\nclass A {\n  b = b;\n}\nimport { C } from 'c';\nnew A(C);\n";
        assert_eq!(inline(folder.path(), glue).unwrap(), one);
    }
}
