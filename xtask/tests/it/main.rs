//! The workspace keeps its own rules.

use std::{fs, io, path::Path};

use tidings_xtask::{imports, workspace::Workspace};

#[test]
fn every_crate_and_module_uses_only_what_it_may() {
    if let Err(error) = imports::check(&Workspace::find()) {
        panic!("{error}");
    }
}

/// A page of wasm-bindgen's test runner asks for all of them at once, beside the bindings, and its server has four threads
/// of which each open connection takes one.
#[test]
fn the_javascript_beside_rust_is_in_no_more_than_three_files() {
    let files = scripts(&Workspace::find().root().join("client-wasm/src")).unwrap();
    assert!(files.len() <= 3, "{files:?}");
}

fn scripts(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(scripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}
