//! The subcommands.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::{Error, app, bindgen, imports, sdk_core, size, workspace::Workspace};

/// Build tools of the Tidings workspace; the recipes of the justfile call them.
#[derive(Debug, Parser)]
#[command(name = "tidings-xtask")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate JavaScript bindings for a wasm module
    #[command(disable_help_flag = true)]
    WasmBindgen {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Run the tests of a wasm module in Node or in a headless browser
    #[command(disable_help_flag = true)]
    WasmTestRunner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build the web app into web-ui/dist
    App(app::Options),
    /// Build the wasm parts of the npm package into client-wasm/npm/dist
    SdkCore(sdk_core::Options),
    /// Fail on a crate or server module that uses one it may not use
    ImportRule,
    /// Print gzip sizes and fail on one above its budget
    Size(size::Options),
}

impl Cli {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// The step failed.
    pub fn run(self) -> Result<(), Error> {
        let workspace = Workspace::find();
        match self.command {
            Command::WasmBindgen { args } => bindgen::run(named("wasm-bindgen", args)),
            Command::WasmTestRunner { args } => bindgen::run_tests(named("wasm-bindgen-test-runner", args)),
            Command::App(options) => app::build(&workspace, &options),
            Command::SdkCore(options) => sdk_core::build(&workspace, &options),
            Command::ImportRule => imports::check(&workspace),
            Command::Size(options) => size::check(&workspace, &options),
        }
    }
}

fn named(program: &str, args: Vec<OsString>) -> Vec<OsString> {
    std::iter::once(OsString::from(program)).chain(args).collect()
}
