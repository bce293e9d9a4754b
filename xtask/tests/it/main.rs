//! The workspace keeps its own rules.

use tidings_xtask::{imports, workspace::Workspace};

#[test]
fn every_crate_and_module_uses_only_what_it_may() {
    if let Err(error) = imports::check(&Workspace::find()) {
        panic!("{error}");
    }
}
