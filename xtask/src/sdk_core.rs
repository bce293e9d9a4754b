//! The wasm parts of the npm package, in `client-wasm/npm/dist`: `core.js` and its types,
//! `tidings_bg.wasm`, and `wasm-inline.js`, which holds the same module as text.

use std::{fs, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;

use crate::{
    Error,
    files::{self, at},
    module::{Module, Recipe},
    pack, process,
    workspace::Workspace,
};

const DIST: &str = "client-wasm/npm/dist";

/// Options of `sdk-core`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Comma-separated features of `tidings-client`, in place of its default ones
    #[arg(long, default_value = "lean")]
    features: String,
}

/// Builds the wasm parts of the package.
///
/// # Errors
/// A tool failed or a file could not be read or written.
pub fn build(workspace: &Workspace, options: &Options) -> Result<(), Error> {
    let module = module(workspace, options)?;
    let dist = workspace.path(DIST);
    let inline = inline(&unpacker(workspace)?, &pack::pack(&module.wasm)?);
    let made = [
        ("core.js", module.glue),
        ("core.d.ts", module.types),
        ("wasm-inline.js", inline.into_bytes()),
        ("wasm-inline.d.ts", INLINE_TYPES.as_bytes().to_vec()),
        ("tidings_bg.wasm", module.wasm),
    ];
    for (name, content) in made {
        files::write_if_changed(&dist.join(name), &content)?;
    }
    eprintln!("sdk-core: core.js, wasm-inline.js and tidings_bg.wasm are in {DIST}");
    Ok(())
}

fn module(workspace: &Workspace, options: &Options) -> Result<Module, Error> {
    eprintln!("sdk-core: compiling tidings-client for wasm (about 30 s the first time)");
    let mut cargo = process::cargo(workspace.root());
    cargo.args(["rustc", "--package", "tidings-client", "--lib", "--no-default-features", "--features"]);
    cargo.arg(&options.features);
    // As the only crate type: beside an `rlib` the crate would be left out of link-time optimisation.
    cargo.args(["--crate-type", "cdylib", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release"]);
    process::run(&mut cargo, "install Rust from rustup")?;
    let input = workspace.wasm_output("wasm-release").join("tidings_client.wasm");
    Recipe {
        step: "sdk-core",
        name: "tidings",
        bindgen: &["--omit-default-module-path"],
        // The flat form in between shows the optimiser what is the same, and large functions stay by themselves.
        optimise: &[
            // The stack begins at nothing: down there it is not used but by a page that is about to fail.
            "--low-memory-unused",
            "-Os",
            "--one-caller-inline-max-function-size=300",
            "--flatten",
            "--rereloop",
            "-Os",
            "-Oz",
            "--converge",
        ],
        small: true,
    }
    .make(workspace, &input)
}

/// What puts the packed module together on the page.
fn unpacker(workspace: &Workspace) -> Result<Vec<u8>, Error> {
    let folder = workspace.scratch("unpack");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    let (text, wasm) = (folder.join("unpack.wat"), folder.join("unpack.wasm"));
    files::write_if_changed(&text, pack::UNPACKER.as_bytes())?;
    let mut command = Command::new(workspace.tool("wasm-opt"));
    command.args(["-Oz", "--converge", "--enable-bulk-memory", "--enable-bulk-memory-opt"]);
    command.arg(&text).arg("-o").arg(&wasm);
    process::run(&mut command, "type `./x setup`")?;
    files::read(&wasm)
}

/// The packed module and its unpacker in base64, which costs nothing once it is compressed, as an ES module.
fn inline(unpacker: &[u8], packed: &[u8]) -> String {
    let [unpacker, packed] = [unpacker, packed].map(|bytes| STANDARD.encode(bytes));
    format!("export const unpacker = \"{unpacker}\";\nexport default \"{packed}\";\n")
}

const INLINE_TYPES: &str = "\
/** Puts the module together: wasm, then base64. */
export declare const unpacker: string;
/** The wasm module: packed, then base64. */
declare const packed: string;
export default packed;
";
