//! Build tools of the Tidings workspace, in the order in which a build meets them:
//!
//! - [`cli`]: the subcommands;
//! - [`workspace`]: where things are;
//! - [`process`]: running cargo and other programs;
//! - [`files`]: writing files only when their content changed;
//! - [`bindgen`]: the bindings generator and the wasm test runner;
//! - [`module`]: from a crate to an optimised wasm module and its glue;
//! - [`snippets`]: JavaScript beside Rust code, in the glue;
//! - [`names`]: short names between the two;
//! - [`pack`]: the module in as few bytes as it goes;
//! - [`app`]: the web app, as the server serves it;
//! - [`sdk_core`]: the wasm parts of the npm package;
//! - [`size`]: size budgets;
//! - [`imports`]: which crate and which server module may use which.

pub mod app;
pub mod bindgen;
pub mod cli;
mod error;
pub mod files;
pub mod glue;
pub mod imports;
pub mod module;
pub mod names;
pub mod pack;
pub mod process;
pub mod sdk_core;
pub mod size;
pub mod snippets;
pub mod workspace;

pub use cli::Cli;
pub use error::Error;
