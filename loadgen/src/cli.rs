//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const HOW: &str = "\
Look around:    ./x up, and in another terminal ./x demo
Measure:        ./x bench
Kill it:        ./x chaos";

/// Demo data, measurements and fault runs for a Tidings server. Progress goes to stderr, results to stdout.
#[derive(Debug, Parser)]
#[command(name = "tidings-loadgen", version, after_help = HOW)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fill a development server with people, rooms, conversations and notifications
    Demo(DemoArgs),
    /// Measure what connections, deliveries and acknowledgements cost a server of its own
    Bench(BenchArgs),
    /// Kill a server of its own again and again while people write, then compare
    Kill(KillArgs),
    /// The bare loop that `bench` compares with
    #[command(hide = true)]
    Reference(ReferenceArgs),
}

const DEMO_HELP: &str = "\
Everything is sent under fixed ids, so a second run stores nothing twice. Sign in as ann or bob to see unread
rooms, direct messages and notifications.

Notifications need a token with the scope `notify`, which nobody gets by name. `./x demo` makes one with the
secret of `./x up`; by hand:
  TIDINGS_NOTIFY_TOKEN=$(tidings-server token --sub tidings-demo --scope notify) tidings-loadgen demo";

/// `demo`.
#[derive(Debug, Args)]
#[command(after_help = DEMO_HELP)]
pub(crate) struct DemoArgs {
    /// The server, started with --dev
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,

    /// Go on chatting, with typing and presence, until Ctrl-C
    #[arg(long)]
    pub(crate) live: bool,

    /// A token with the scope `notify`; without one there are no notifications
    #[arg(long, env = "TIDINGS_NOTIFY_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) notify_token: Option<String>,
}

/// How a server of our own is started.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerArgs {
    /// The server's binary [default: tidings-server beside this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) server: Option<PathBuf>,

    /// Folder for the database, on the disk that is to be measured; what is made in it is removed again
    /// [default: the system's temporary one]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

const BENCH_HELP: &str = "\
Starts a server (SQLite, tokens checked) as a process of its own and looks at it through /proc. Every receiver
checks that it gets every entry once and in order; a run that breaks this ends with an error and no figures.

CPU time is user and system time of the server process. The reference is a bare loop that writes one ready frame
to each socket, in the same rounds: quote the ratio to it, for machines differ and the same one does from minute
to minute. For figures worth keeping, build with --release, leave the machine alone, and keep the two processes
on cores of their own:
  taskset -c 1 tidings-loadgen bench --server-core 0";

/// `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_HELP)]
pub(crate) struct BenchArgs {
    /// The server.
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    /// What to measure, comma separated
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Measure::Idle, Measure::Fanout, Measure::Acks])]
    pub(crate) only: Vec<Measure>,

    /// Idle connections
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    pub(crate) connections: usize,

    /// Members of the room that is written to
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub(crate) members: usize,

    /// Rounds of each fan-out; the lowest counts, the median is told
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub(crate) rounds: usize,

    /// Seconds for each measurement of acknowledgements
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) seconds: u64,

    /// Keeps the server on this core, by `taskset`
    #[arg(long, value_name = "CORE")]
    pub(crate) server_core: Option<usize>,
}

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// Memory of idle connections, and what connecting costs
    Idle,
    /// CPU time of a delivery, with one and with 32 messages in flight
    Fanout,
    /// Acknowledged messages a second, and how long an ACK takes
    Acks,
}

const KILL_HELP: &str = "\
SIGKILL ends the process between any two instructions; what the system had been handed survives it. So this shows
that nothing is acknowledged before it is stored, and that a resend is stored once; it does not pull the plug.";

/// `kill`.
#[derive(Debug, Args)]
#[command(after_help = KILL_HELP)]
pub(crate) struct KillArgs {
    /// The server.
    #[command(flatten)]
    pub(crate) server: ServerArgs,

    /// How often the server is killed
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub(crate) cycles: usize,

    /// People who write, two to a room
    #[arg(long, value_name = "COUNT", default_value_t = 8)]
    pub(crate) writers: usize,

    /// The shortest and the longest time between a start and the next kill, in milliseconds
    #[arg(long, value_name = "MS", num_args = 2, default_values_t = [1_000, 3_000])]
    pub(crate) every: Vec<u64>,

    /// Seed of those times; the one used is told
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
}

/// `reference`.
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// Sockets that are written to
    #[arg(long, value_name = "COUNT")]
    pub(crate) members: usize,
}
