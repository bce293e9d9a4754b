//! Runs that break something while people write, and compare at the end.
//!
//! Each file is one run. They share [`context`] (a server, clients, sizes and the seed), [`outcome`] (the table), and
//! the writers, watchers and comparison in [`check`](crate::check).

mod avalanche;
mod away;
mod calls;
mod clock;
mod cluster;
pub mod context;
mod drain;
mod fallback;
mod jitter;
mod kill;
mod network;
mod noise;
mod order;
pub mod outcome;
mod panics;
mod power;
mod replay;
mod restore;
mod resume;
mod retry;
mod rounds;
mod secrets;
mod slow;
mod sse;
mod sync;

use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum as _;

use self::context::Context;
use self::outcome::Outcome;
use crate::cli::{ChaosArgs, Form, Run};
use crate::error::Error;
use crate::server;

/// Does the runs, one after the other, and prints the table of each. Fails where a promise was broken.
///
/// # Errors
/// The system refuses what a run needs before the first of them.
pub async fn run(args: &ChaosArgs) -> Result<ExitCode, Error> {
    let of_this_alone: Vec<Run> =
        Run::value_variants().iter().copied().filter(|run| *run != Run::Upgrade).collect();
    let runs = if args.runs.is_empty() { &of_this_alone } else { &args.runs };
    // What no run can do without is missed before the first of them.
    server::binary(&args.server)?;
    let mut failed = Vec::new();
    for run in runs {
        if !one(*run, args).await? {
            failed.push(name(*run));
        }
    }
    let passed = runs.len() - failed.len();
    // In the words of the test runners, which the steps of `./x test` add up.
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    eprintln!("\ntest result: {word}. {passed} passed; {} failed; 0 ignored", failed.len());
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("error: broken: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

async fn one(run: Run, args: &ChaosArgs) -> Result<bool, Error> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let context = Context::new(name(run), args, seed)?;
    let form = if args.form == Form::Short { "short" } else { "long" };
    context.say(format!("{form} form, --seed {seed}"));
    let began = Instant::now();
    let ended = Box::pin(start(run, &context)).await;
    let took = began.elapsed();
    let mut outcome = ended.unwrap_or_else(|error| Outcome::ended_by(&error));
    secrets::search(&context, &mut outcome);
    let title = format!("{} ({form}, --seed {seed}, {:.0} s)", context.name(), took.as_secs_f64());
    let text = outcome.text(&title);
    outcome::print(&text)?;
    let kept = outcome.is_kept(args.form == Form::Long);
    if !kept {
        let folder = context.keep(&text)?;
        context.say(format!("BROKEN; what is left of it: {}", folder.display()));
    }
    Ok(kept)
}

async fn start(run: Run, context: &Context) -> Result<Outcome, Error> {
    match run {
        Run::Kill => kill::run(context).await,
        Run::Retry => retry::run(context).await,
        Run::Order => order::run(context).await,
        Run::Resume => resume::run(context).await,
        Run::Restore => restore::run(context).await,
        Run::Replay => replay::run(context).await,
        Run::Sync => sync::run(context).await,
        Run::Power => power::run(context).await,
        Run::Network => network::run(context).await,
        Run::Noise => noise::run(context).await,
        Run::Jitter => jitter::run(context).await,
        Run::Avalanche => avalanche::run(context).await,
        Run::Drain => drain::run(context).await,
        Run::Cluster => cluster::run(context).await,
        Run::Storm => cluster::storm::run(context).await,
        Run::Partition => cluster::partition::run(context).await,
        Run::Upgrade => cluster::upgrade::run(context).await,
        Run::Clock => clock::run(context).await,
        Run::Sse => sse::run(context).await,
        Run::Fallback => fallback::run(context).await,
        Run::Slow => slow::run(context).await,
    }
}

fn name(run: Run) -> String {
    run.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
