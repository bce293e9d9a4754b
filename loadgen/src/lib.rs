//! Fills a server with a demo, measures one, and breaks one to see what it keeps.
//!
//! - [`cli`]: the command line.
//! - `demo`: a team that chats, through the real client.
//! - `bench`: what connections, deliveries and acknowledgements cost.
//! - [`cluster`]: nodes behind nginx on PostgreSQL and Redis.
//! - [`faults`]: runs that break something while people write, and the comparison at the end.
//! - [`proxy`] breaks connections on purpose; [`check`] has the writers, the watchers and the comparison that all
//!   runs share.
//! - [`server`] is a server process of our own, looked at through [`proc`] and [`wire`]; [`api`] the HTTP interface, [`events`]
//!   its streams; [`token`] makes tokens; [`raw`] is the light WebSocket peer of the measurements; [`stats`] and [`report`] put figures
//!   together.

pub mod api;
mod bench;
pub mod check;
pub mod cli;
pub mod cluster;
mod demo;
pub mod error;
pub mod events;
pub mod faults;
pub mod proc;
pub mod proxy;
pub mod raw;
pub mod report;
pub mod server;
pub mod stats;
pub mod token;
pub mod wire;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::cli::{Cli, Command};
use crate::error::Error;

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
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
        Command::Cluster(args) => many_threads()?.block_on(cluster::run(&args)).map(|()| ExitCode::SUCCESS),
        Command::Chaos(args) => many_threads()?.block_on(faults::run(&args)),
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
