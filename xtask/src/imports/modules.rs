//! The arrows between the modules of one crate.

use std::path::{Component, Path};

use super::{
    Use, scan,
    table::{Layer, Module},
};
use crate::{Error, files};

/// One line for each use that the layer's table does not allow.
///
/// # Errors
/// A source file could not be read or parsed.
pub fn findings(root: &Path, layer: &Layer) -> Result<Vec<String>, Error> {
    let source = root.join(layer.source);
    let mut findings = Vec::new();
    for path in files::all_below(&source)? {
        let relative = path.strip_prefix(&source).unwrap_or(&path);
        let module = module_path(relative);
        if !is_rust(&path) || is_test(&module) {
            continue;
        }
        let shown = Path::new(layer.source).join(relative);
        let top = top_module(relative);
        if !layer.knows(&top) {
            findings.push(format!("{}: the table does not know the module {top}", shown.display()));
            continue;
        }
        let uses = scan::file(&path, &shown, &module)?;
        findings.extend(uses.iter().filter_map(|one| layer.objection(&top, one)));
    }
    findings.dedup();
    Ok(findings)
}

impl Layer {
    fn knows(&self, name: &str) -> bool {
        self.common.contains(&name) || self.module(name).is_some()
    }

    fn module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// Why `from` may not have this use, if so.
    fn objection(&self, from: &str, used: &Use) -> Option<String> {
        let place = format!("{}:{}", used.file.display(), used.line);
        let (first, second) = (used.path.first()?, used.path.get(1));
        let to = match (used.internal, second) {
            (true, _) => first,
            // The binary names its own library from outside.
            (false, Some(second)) if first == self.own_name => second,
            (false, _) => return self.outside(from, first).map(|why| format!("{place}: {why}")),
        };
        if to.starts_with(char::is_uppercase) && from != "lib" {
            return Some(format!("{place}: name {to} by its module, not by the crate's root"));
        }
        let allowed = to == from || !self.knows(to) || self.allows(from, to);
        (!allowed).then(|| format!("{place}: {from} may not use {to}"))
    }

    fn allows(&self, from: &str, to: &str) -> bool {
        self.common.contains(&to)
            || self.module(from).is_some_and(|module| module.uses.contains(&"*") || module.uses.contains(&to))
    }

    fn outside(&self, from: &str, other: &str) -> Option<String> {
        let (_, modules) = self.reserved.iter().find(|(name, _)| *name == other)?;
        (!modules.contains(&from)).then(|| format!("only {} may use {other}", modules.join(", ")))
    }
}

/// `http/websocket.rs` is `["http", "websocket"]`, `lib.rs` is the root.
fn module_path(relative: &Path) -> Vec<String> {
    let whole = relative.with_extension("");
    let mut names: Vec<String> = whole
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => name.to_str().map(ToOwned::to_owned),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
        })
        .collect();
    if names.last().is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod")) {
        names.pop();
    }
    names
}

fn top_module(relative: &Path) -> String {
    let first = relative.components().next().map(|part| Path::new(part.as_os_str()).with_extension(""));
    first.unwrap_or_default().to_string_lossy().into_owned()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_test(module: &[String]) -> bool {
    module.iter().any(|name| name == "tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYER: Layer = Layer {
        source: "src",
        own_name: "tidings_x",
        common: &["error"],
        modules: &[
            Module { name: "main", uses: &["app"] },
            Module { name: "app", uses: &["*"] },
            Module { name: "http", uses: &["node"] },
            Module { name: "node", uses: &[] },
        ],
        reserved: &[("sqlx", &["node"])],
    };

    fn check(file: &str, text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        files::write_if_changed(&folder.path().join("src").join(file), text.as_bytes()).unwrap();
        findings(folder.path(), &LAYER).unwrap()
    }

    #[test]
    fn an_arrow_in_the_table_passes_and_the_way_back_does_not() {
        assert_eq!(check("http/rooms.rs", "use crate::{node::Node, error::Error};"), Vec::<String>::new());
        assert_eq!(check("node.rs", "\nuse crate::http;"), ["src/node.rs:2: node may not use http"]);
    }

    #[test]
    fn a_common_module_uses_only_common_ones() {
        assert_eq!(check("error.rs", "use crate::node::Node;"), ["src/error.rs:1: error may not use node"]);
    }

    #[test]
    fn the_binary_is_held_to_its_row_when_it_names_the_library() {
        assert_eq!(check("main.rs", "use tidings_x::app;"), Vec::<String>::new());
        assert_eq!(check("main.rs", "use tidings_x::node;"), ["src/main.rs:1: main may not use node"]);
    }

    #[test]
    fn a_new_module_must_get_its_row() {
        assert_eq!(check("extra.rs", ""), ["src/extra.rs: the table does not know the module extra"]);
    }

    #[test]
    fn a_reserved_crate_is_named_only_by_its_module() {
        assert_eq!(check("node/sql.rs", "use sqlx::Row;"), Vec::<String>::new());
        assert_eq!(check("http.rs", "use sqlx::Row;"), ["src/http.rs:1: only node may use sqlx"]);
    }
}
