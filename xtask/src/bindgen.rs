//! The bindings generator and the wasm test runner, as a library.

use std::ffi::OsString;

use crate::Error;

/// Runs `wasm-bindgen`; the first argument is the program's name.
///
/// # Errors
/// The arguments or the module are not accepted.
pub fn run(args: Vec<OsString>) -> Result<(), Error> {
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args)
        .map_err(|error| Error::Bindgen { program: "wasm-bindgen", source: error.into() })
}

/// Runs `wasm-bindgen-test-runner`, in Node or in a headless browser as the test module asks;
/// the first argument is the program's name.
///
/// # Errors
/// A test failed, or the browser could not be driven.
pub fn run_tests(args: Vec<OsString>) -> Result<(), Error> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(args)
        .map_err(|error| Error::Bindgen { program: "wasm-bindgen-test-runner", source: error.into() })
}
