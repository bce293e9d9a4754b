//! The web app, as the server serves it: `web-ui/dist`.
//!
//! What goes in:
//! - the crate `tidings-web-ui`, as `app.js` (glue) and `app_bg.wasm`;
//! - everything below `web-ui/static`, as it is (`index.html`, `theme.js`, `start.js`, icons);
//! - `tidings.css`: the files of `web-ui/styles` in the order of their names, then every stylesheet
//!   that stands beside a component below `web-ui/src`, joined.
//!
//! Names carry no hash: the server sends an `ETag` and the browser asks again.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    Error, files,
    module::{Module, Recipe},
    process,
    workspace::Workspace,
};

const DIST: &str = "web-ui/dist";

/// Options of `app`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// An unoptimised module: quicker to build, slower to load
    #[arg(long)]
    dev: bool,
}

/// Builds the app.
///
/// # Errors
/// A tool failed or a file could not be read or written.
pub fn build(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let index = workspace.path("web-ui/static/index.html");
    if !index.is_file() {
        return Err(Error::Missing { path: index, advice: "the app has no page to start from" });
    }
    let module = module(workspace, options.dev)?;
    let dist = workspace.path(DIST);
    let mut made = vec![
        (dist.join("app.js"), module.glue),
        (dist.join("app_bg.wasm"), module.wasm),
        (dist.join("tidings.css"), stylesheet(workspace)?),
    ];
    let fixed = workspace.path("web-ui/static");
    for path in files::all_below(&fixed)? {
        let relative = path.strip_prefix(&fixed).unwrap_or(&path);
        made.push((dist.join(relative), files::read(&path)?));
    }
    place(&dist, made)
}

fn module(workspace: &Workspace, dev: bool) -> Result<Module, Error> {
    let profile = if dev { "dev" } else { "wasm-release" };
    eprintln!("app: compiling tidings-web-ui for wasm, profile {profile} (about 1 min the first time)");
    let mut cargo = process::cargo(workspace.root());
    cargo.args(["build", "--package", "tidings-web-ui", "--bin", "tidings-web-ui"]);
    cargo.args(["--target", "wasm32-unknown-unknown", "--profile", profile]);
    cargo.env("RUSTFLAGS", flags(env::var("RUSTFLAGS").ok()));
    process::run(&mut cargo, "install Rust from rustup")?;
    let input = workspace.wasm_output(profile).join("tidings-web-ui.wasm");
    // The flat form in between shows the optimiser what is the same, and large functions stay by themselves.
    const SMALL: [&str; 6] =
        ["-Os", "--one-caller-inline-max-function-size=300", "--flatten", "--rereloop", "-Os", "-Oz"];
    let optimise: &[&str] = if dev { &[] } else { &SMALL };
    Recipe { step: "app", name: "app", bindgen: &[], optimise, small: !dev }.make(workspace, &input)
}

/// Leptos then keeps the types of components out of those of their parents: a tenth less wasm.
fn flags(given: Option<String>) -> String {
    const ERASE: &str = "--cfg erase_components";
    given.map_or_else(|| ERASE.to_owned(), |given| format!("{given} {ERASE}"))
}

fn stylesheet(workspace: &Workspace) -> Result<Vec<u8>, Error> {
    let mut joined = Vec::new();
    for folder in ["web-ui/styles", "web-ui/src"] {
        for path in files::all_below(&workspace.path(folder))? {
            if is_css(&path) {
                joined.extend(files::read(&path)?);
                joined.push(b'\n');
            }
        }
    }
    Ok(joined)
}

fn is_css(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "css")
}

fn place(dist: &Path, made: Vec<(PathBuf, Vec<u8>)>) -> Result<(), Error> {
    let mut written = 0_usize;
    for (path, content) in &made {
        written += usize::from(files::write_if_changed(path, content)?);
    }
    let kept: Vec<PathBuf> = made.into_iter().map(|(path, _)| path).collect();
    files::keep_only(dist, &kept)?;
    eprintln!("app: {} files in {DIST}, {written} of them new", kept.len());
    Ok(())
}
