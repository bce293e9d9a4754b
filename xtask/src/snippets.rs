//! JavaScript that stands beside Rust code: the bindings import it from files of its own, and here it becomes part of
//! the glue, so that a module is two files and no more.

use std::path::Path;

use crate::{Error, files};

/// The glue with every import from `./snippets/` replaced by what is imported.
///
/// # Errors
/// A file that is imported cannot be read, or is imported in a way that cannot be replaced.
pub fn inline(folder: &Path, glue: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(glue.len());
    for line in glue.lines() {
        match imported(line) {
            Some(path) => out.push_str(&in_a_block(&files::read_text(&folder.join(path))?)),
            // Functions that need no bindings are imported as a whole file, past the bindings.
            None if line.contains("/snippets/") => {
                let what = "beside Rust there may be classes, with functions only as their static ones";
                return Err(Error::Rule { what, findings: vec![line.to_owned()] });
            }
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

/// In a block of its own, out of which only what was exported reaches: other names may be those of another file.
fn in_a_block(text: &str) -> String {
    let mut out = String::from("{\n");
    for line in text.lines() {
        let exported = line.strip_prefix("export ").and_then(|rest| {
            let (keyword, rest) = rest.split_once(' ')?;
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'))?;
            let (name, rest) = rest.split_at(end);
            match keyword {
                "class" => Some(format!("var {name} = class{rest}")),
                "const" => Some(format!("var {name}{rest}")),
                _ => None,
            }
        });
        out.push_str(exported.as_deref().unwrap_or(line));
        out.push('\n');
    }
    out + "}"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_becomes_part_of_the_glue() {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("snippets/crate-1f/src/a.js");
        let text = "const b = 1;\nexport class A {\n  b = b;\n}\nexport const f = () => b;\n";
        files::write_if_changed(&beside, text.as_bytes()).unwrap();
        let glue =
            "import { A, f } from './snippets/crate-1f/src/a.js';\nimport { C } from 'c';\nnew A(C);\n";
        let one = "{\nconst b = 1;\nvar A = class {\n  b = b;\n}\nvar f = () => b;\n}\nimport { C } from 'c';\nnew A(C);\n";
        assert_eq!(inline(folder.path(), glue).unwrap(), one);
        let past = "import * as import1 from \"./snippets/crate-1f/src/a.js\"\n";
        assert!(matches!(inline(folder.path(), past), Err(Error::Rule { .. })));
    }
}
