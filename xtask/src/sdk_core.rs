//! The wasm parts of the npm package, in `client-wasm/npm/dist`: `core.js` and its types,
//! `tidings_bg.wasm`, and `wasm-inline.js`, which holds the same module as text.

use std::num::NonZero;

use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use zopfli::Format;

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
    let inline = inline(&pack::pack(&module.wasm)?).map_err(at(&dist.join("wasm-inline.js")))?;
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

/// The packed module deflated as small as it goes and in base64, as the default export of an ES module.
fn inline(packed: &[u8]) -> std::io::Result<String> {
    let mut deflated = Vec::new();
    // Four times as many tries as by default save 100 bytes and take two seconds.
    let tries = zopfli::Options {
        iteration_count: NonZero::new(60).unwrap_or(NonZero::<u64>::MIN),
        maximum_block_splits: 30,
        ..zopfli::Options::default()
    };
    zopfli::compress(tries, Format::Deflate, packed, &mut deflated)?;
    let text = STANDARD.encode(deflated);
    Ok(format!("export default \"{text}\";\n"))
}

const INLINE_TYPES: &str = "/** The wasm module: packed, deflate-raw, then base64. */\ndeclare const wasm: string;\nexport default wasm;\n";

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_inlined_text_inflates_to_the_module() {
        let wasm: Vec<u8> = (0..10_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let module = inline(&wasm).unwrap();
        let text = module.split('"').nth(1).unwrap();
        let mut inflated = Vec::new();
        flate2::read::DeflateDecoder::new(STANDARD.decode(text).unwrap().as_slice())
            .read_to_end(&mut inflated)
            .unwrap();
        assert_eq!(inflated, wasm);
    }
}
