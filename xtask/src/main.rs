//! `tidings-xtask`: the workspace's build tools in one binary.
//!
//! Under the names `wasm-bindgen` and `wasm-bindgen-test-runner` (links to this binary) it is those
//! programs, which is how cargo and wasm-pack find them; under any other name it has subcommands.

use std::{env, ffi::OsString, path::Path, process::ExitCode};

use clap::Parser;
use tidings_xtask::{Cli, Error, bindgen};

fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let result = match called_as(&args).as_deref() {
        Some("wasm-bindgen") => bindgen::run(args),
        Some("wasm-bindgen-test-runner") => bindgen::run_tests(args),
        _ => Cli::parse_from(args).run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// The name under which the binary was started.
fn called_as(args: &[OsString]) -> Option<String> {
    Some(Path::new(args.first()?).file_stem()?.to_str()?.to_owned())
}

fn report(error: &Error) {
    eprintln!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
}
