//! What a server costs: memory of idle connections, CPU time of deliveries and connects, rate and delay of
//! acknowledgements, bytes on the wire.

mod acks;
mod crowd;
mod fanout;
mod idle;
mod network;
mod postgres;
mod redis;
mod reference;
mod target;

pub(crate) use self::reference::serve as reference;

use std::process::ExitCode;

use self::target::Target;
use crate::cli::{BenchArgs, Measure};
use crate::error::Error;
use crate::proc;
use crate::report::Report;
use crate::server::Server;

/// Columns of the report.
const HEAD: &[&str] = &["what", "figure", "aim", "remarks"];
/// Open files beside those of the peers.
const SPARE_FILES: usize = 100;
/// One session may send as fast as it likes: rate limits are not what is measured.
const UNPACED: &[&str] = &["--max-frames-per-second", "10000000", "--frame-burst", "10000000"];

/// Runs the measurements that are asked for, each against a fresh server, and prints the table.
pub(crate) async fn run(args: &BenchArgs) -> Result<ExitCode, Error> {
    let wanted = args.connections.max(2 * args.members) + SPARE_FILES;
    let limit = proc::file_limit()?;
    if wanted > limit {
        return Err(Error::Files { wanted, limit });
    }
    let mut report = Report::new(HEAD);
    for measure in &args.only {
        match measure {
            Measure::Idle => idle::measure(&server(args).await?, args, &mut report).await?,
            Measure::Fanout => fanout::measure(&server(args).await?, args, &mut report).await?,
            Measure::Acks => {
                acks::measure(&Target::server(&server(args).await?)?, args, None, &mut report).await?;
            }
            Measure::Network => network::measure(args, &mut report).await?,
            Measure::Postgres => postgres::measure(args, &mut report).await?,
            Measure::Redis => redis::measure(args, &mut report).await?,
        }
    }
    report.print()?;
    Ok(ExitCode::SUCCESS)
}

async fn server(args: &BenchArgs) -> Result<Server, Error> {
    Server::start(&args.server, UNPACED, args.server_core).await
}

/// Waits until the server has nothing to do any more: what came before is not to be counted.
async fn settle(server: &Server) -> Result<(), Error> {
    Target::server(server)?.settle().await
}

/// A figure with its aim: "**4.2 µs**", or with a mark where the aim is missed.
fn judged(value: f64, unit: &str, aim: f64) -> [String; 2] {
    let digits = if value < 10.0 { 2 } else { 1 };
    let mark = if value < aim { "" } else { " (missed)" };
    [format!("**{value:.digits$} {unit}**{mark}"), format!("< {aim} {unit}")]
}
