//! `tidings-loadgen`: fills a server with a demo, measures one, and kills one to see what it keeps.
//!
//! - [`cli`]: the command line.
//! - [`demo`]: a team that chats, through the real client.
//! - [`mod@bench`]: what connections, deliveries and acknowledgements cost.
//! - [`kill`]: writers that go on while the server is killed, and the comparison at the end.
//! - [`raw`] is the light WebSocket peer of the measurements; [`server`] a server process of our own, looked at
//!   through [`proc`]; [`api`] the HTTP interface; [`token`] makes tokens; [`stats`] and [`report`] put figures
//!   together.

mod api;
mod bench;
mod cli;
mod demo;
mod error;
mod kill;
mod proc;
mod raw;
mod report;
mod server;
mod stats;
mod token;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::cli::{Cli, Command};
use crate::error::Error;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Demo(args) => many_threads()?.block_on(demo::run(&args)),
        Command::Kill(args) => many_threads()?.block_on(kill::run(&args)),
        // One thread: the other cores are the server's, and thousands of peers need no locks.
        Command::Bench(args) => one_thread()?.block_on(LocalSet::new().run_until(bench::run(&args))),
        Command::Reference(args) => bench::reference(&args).map(|()| ExitCode::SUCCESS),
    }
}

fn many_threads() -> Result<tokio::runtime::Runtime, Error> {
    Builder::new_multi_thread().enable_all().build().map_err(|e| Error::io("start the runtime", e))
}

fn one_thread() -> Result<tokio::runtime::Runtime, Error> {
    Builder::new_current_thread().enable_all().build().map_err(|e| Error::io("start the runtime", e))
}
