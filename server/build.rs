//! A release build holds the app's files, so it is built again when they change. A debug build reads them when
//! they are asked for.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=migrations");
    // Where a debug build finds the app; the folder itself may not be there yet.
    if let Ok(workspace) = std::fs::canonicalize("..") {
        println!("cargo:rustc-env=TIDINGS_APP_DIR={}", workspace.join("web-ui/dist").display());
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        let app = Path::new("../web-ui/dist");
        // Where there is no app yet, its parent shows when there is.
        let watched = if app.exists() { app } else { Path::new("../web-ui") };
        println!("cargo:rerun-if-changed={}", watched.display());
    }
}
