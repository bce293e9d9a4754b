//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const HOW: &str = "\
Look around:    ./x up, and in another terminal ./x demo
Measure:        ./x bench
Break it:       ./x chaos";

/// Demo data, measurements and fault runs for a Tidings server. Progress goes to stderr, results to stdout.
#[derive(Debug, Parser)]
#[command(name = "tidings-loadgen", version, after_help = HOW)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fill a development server with people, rooms, conversations and notifications
    Demo(DemoArgs),
    /// Measure what connections, deliveries and acknowledgements cost a server of its own
    Bench(BenchArgs),
    /// Break a server of its own and its connections while people write, then compare
    Chaos(ChaosArgs),
    /// Start nodes behind nginx on PostgreSQL and Redis, to play with, until Ctrl-C
    Cluster(ClusterArgs),
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
pub struct DemoArgs {
    /// The server, started with --dev
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,

    /// Go on chatting, with typing and presence, until Ctrl-C
    #[arg(long)]
    pub live: bool,

    /// A token with the scope `notify`; without one there are no notifications
    #[arg(long, env = "TIDINGS_NOTIFY_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub notify_token: Option<String>,
}

/// How a server of our own is started.
#[derive(Clone, Debug, Args)]
pub struct ServerArgs {
    /// The server's binary [default: tidings-server beside this one]
    #[arg(long, value_name = "FILE")]
    pub server: Option<PathBuf>,

    /// Folder for the database, on the disk that is to be measured; what is made in it is removed again
    /// [default: the system's temporary one]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

const BENCH_HELP: &str = "\
Starts a server (SQLite, tokens checked) as a process of its own and looks at it through /proc. Every receiver
checks that it gets every entry once and in order; a run that breaks this ends with an error and no figures.

CPU time is user and system time of the server process. The reference is a bare loop that writes one ready frame
to each socket, in the same rounds: quote the ratio to it, for machines differ and the same one does from minute
to minute. Bytes and packets are those that the kernel has counted on the server's sockets, by `ss`; they do not
depend on the machine or the build. For figures worth keeping, build with --release, leave the machine alone, and keep
the two processes on cores of their own:
  taskset -c 1 tidings-loadgen bench --server-core 0";

/// `bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH_HELP)]
pub struct BenchArgs {
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,

    /// What to measure, comma separated
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Measure::Idle, Measure::Fanout, Measure::Acks, Measure::Network])]
    pub only: Vec<Measure>,

    /// Idle connections
    #[arg(long, value_name = "COUNT", default_value_t = 5_000)]
    pub connections: usize,

    /// Members of the room that is written to
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub members: usize,

    /// Rounds of each fan-out; the lowest counts, the median is told
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub rounds: usize,

    /// Seconds for each measurement of acknowledgements
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub seconds: u64,

    /// Keeps the server on this core, by `taskset`
    #[arg(long, value_name = "CORE")]
    pub server_core: Option<usize>,
}

/// One thing to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// Memory of idle connections, and what connecting costs
    Idle,
    /// CPU time of a delivery, with one and with 32 messages in flight
    Fanout,
    /// Acknowledged messages a second, and how long an ACK takes
    Acks,
    /// Bytes and packets of a connection that does nothing, and of a delivery
    Network,
    /// Acknowledgements on PostgreSQL through one node and through three (needs PostgreSQL, Redis and nginx; not measured unless asked for)
    Postgres,
    /// What Redis spends on handing a publication on (needs Redis; not measured unless asked for)
    Redis,
}

const CHAOS_HELP: &str = "\
Each run starts a server (SQLite, tokens checked) as a process of its own, `restore` one on each of the two stores, `cluster`
and `storm` three behind nginx on PostgreSQL and Redis. It lets people write, breaks something meanwhile, and compares at the end: what
was acknowledged, what the log holds, what each client was shown. It ends with a table of promises: how often each was tried,
how often it was broken. The exit code is not 0 when one was broken, or when nothing was tried.

  ./x chaos                        all runs, long
  ./x chaos kill,retry             two of them
  ./x chaos --form short           all, as CI runs them (about 4 min, debug build)
  ./x chaos network --seed 7       one again: the seed of each run is told

A seed settles what happens: which connection is cut at which byte, when the server is killed. It does not settle when
the machine gets to it, so a failure may need more than one try to come again. What a failing run leaves behind is
kept, and the place is told: the server's log and database, and the report with examples of what was broken.

Counts are judged always. Times that are marked (time) are judged in the long form only: on a busy machine they say
little. Where a wider bound stands beside one, that is judged always. So are three more that are wide
enough: a killed server serves again within 3 s (kill), a server that is told to end has ended within 10 s (drain), a
reader that stalls is closed within 15 s (slow).

SIGKILL ends a process between any two instructions, and what the system had been handed survives it; `power` plays through
what a disk may hold after a cut. None of this pulls the plug. docs/delivery.md explains the promises.";

/// `cluster`.
#[derive(Debug, Args)]
pub struct ClusterArgs {
    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,

    /// How many nodes
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub nodes: usize,

    /// nginx's port
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub port: u16,
}

/// `chaos`.
#[derive(Debug, Args)]
#[command(after_help = CHAOS_HELP)]
pub struct ChaosArgs {
    /// Which runs, comma separated [default: all]
    #[arg(value_enum, value_delimiter = ',', value_name = "RUN")]
    pub runs: Vec<Run>,

    /// How much of each
    #[arg(long, value_enum, default_value_t = Form::Long)]
    pub form: Form,

    /// Settles what happens [default: a fresh one for each run, which is told]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// Folder with the binaries of an older version, for `upgrade`
    #[arg(long, value_name = "DIR")]
    pub before: Option<PathBuf>,

    /// The server.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How much of each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Seconds each; times marked (time) are told, not judged, but for the bounds that stand beside some
    Short,
    /// Seconds to minutes each; times marked (time) are judged too
    Long,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Run {
    /// SIGKILL every few seconds while people write
    Kill,
    /// Connections cut after the commit and before the ACK, also across a kill
    Retry,
    /// One order for all, whoever reconnects when
    Order,
    /// Everybody is back and complete after SIGTERM and after SIGKILL
    Resume,
    /// A backup under load and its restore, by the documented commands, on SQLite and PostgreSQL: clients are told (needs sqlite3 and PostgreSQL)
    Restore,
    /// The notification stream goes on at Last-Event-ID, or says `reset`
    Sse,
    /// The same promises by stream and by poll, and when the transport changes
    Fallback,
    /// One client far behind is sent what it missed; the others' waits do not grow
    Replay,
    /// The server's system calls: no ACK before its message has been synced (needs strace)
    Sync,
    /// Power cuts, simulated: the server starts on what a disk may hold after one (needs strace)
    Power,
    /// The server's clock set ten minutes forward and back while people write (needs libfaketime)
    Clock,
    /// Delay, throttle, fragments, cuts, half-closes, stalls, black holes
    Network,
    /// Random bytes, broken requests and frames, while others write
    Noise,
    /// A thousand clients, each without network for up to 2 s now and then
    Jitter,
    /// Readers that stall, among those that do not
    Slow,
    /// Ten thousand clients lose their server at once
    Avalanche,
    /// SIGTERM with everything open that can be open
    Drain,
    /// Three nodes behind nginx: a node, Redis, PostgreSQL and nginx are broken in turn (needs all three installed)
    Cluster,
    /// Three nodes behind nginx are killed at once under thousands of clients (needs the same)
    Storm,
    /// Three nodes, each in a network namespace of its own: cables are pulled, and ways lost in one direction (needs root)
    Partition,
    /// Nodes of an older version replaced by this one's while people write (needs --before; not among `all`)
    Upgrade,
}

/// `reference`.
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// Sockets that are written to
    #[arg(long, value_name = "COUNT")]
    pub members: usize,
}
