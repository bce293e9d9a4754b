//! Short names between a wasm module and its glue: what is called a dozen letters and a hash in both becomes one letter
//! in both. A page pays for these names, and nobody reads them.

use std::path::Path;

use serde::Deserialize;

use crate::{
    Error,
    files::{self, at},
    process,
    workspace::Workspace,
};

/// What `wasm-opt` says that it has renamed.
#[derive(Debug, Deserialize)]
struct Renamed {
    /// Module, name and new name. The module is called `a` then.
    imports: Vec<(String, String, String)>,
    /// Name and new name.
    exports: Vec<(String, String)>,
}

/// Shortens the names in a module and its glue.
///
/// # Errors
/// A tool failed, or a file could not be read or written.
pub fn shorten(workspace: &Workspace, wasm: &Path, glue: &Path) -> Result<(), Error> {
    let mut command = std::process::Command::new(workspace.tool("wasm-opt"));
    command.arg("--minify-imports-and-exports-and-modules");
    // Said to tools; this is the last one.
    command.args(["--strip-producers", "--strip-target-features"]).arg(wasm).arg("-o").arg(wasm);
    let printed = process::output(&mut command, "type `./x setup`")?;
    let renamed: Renamed = serde_json::from_str(&printed)
        .map_err(|source| Error::Json { what: "the names that wasm-opt gave", source })?;
    let text = renamed.in_glue(&files::read_text(glue)?);
    std::fs::write(glue, text).map_err(at(glue))
}

impl Renamed {
    /// Imports are the fields of one object, exports those of `wasm`.
    fn in_glue(&self, glue: &str) -> String {
        let mut lines: Vec<String> =
            glue.lines().map(|line| replace_fields(line, "wasm.", &self.exports)).collect();
        for line in &mut lines {
            let Some((name, rest)) = line.trim_start().split_once(':') else { continue };
            if let Some((_, _, short)) =
                self.imports.iter().find(|(module, own, _)| own == name || quoted(module) == name)
            {
                let short = if name.starts_with('"') { "\"a\"" } else { short.as_str() };
                *line = format!("{short}:{rest}");
            }
        }
        lines.join("\n") + "\n"
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// The line with each name that follows `before` replaced by its new name.
fn replace_fields(line: &str, before: &str, names: &[(String, String)]) -> String {
    let mut parts = line.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end =
            part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$')).unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        let short = names.iter().find(|(own, _)| own == name).map_or(name, |(_, short)| short);
        out.extend([before, short, rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamed() -> Renamed {
        serde_json::from_str(
            r#"{"imports": [["./x_bg.js", "__wbg_then_1f", "b"]], "exports": [["core_new", "c"], ["core_news", "$"]]}"#,
        )
        .unwrap()
    }

    #[test]
    fn both_ends_of_a_name_become_the_same() {
        let glue = "import0 = {\n  __wbg_then_1f: function() { wasm.core_news(wasm.core_new, wasm.memory); }\n};\n\"./x_bg.js\": import0,\n";
        let short = "import0 = {\nb: function() { wasm.$(wasm.c, wasm.memory); }\n};\n\"a\": import0,\n";
        assert_eq!(renamed().in_glue(glue), short);
    }
}
