//! What the command line does: serve, make a token, bring the tables up to date, give the log a new name.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use tidings_protocol::Epoch;
use tokio::net::TcpListener;

use super::App;
use super::log::Log;
use super::sole::{Sole, With};
use crate::auth::{TokenError, make_token};
use crate::broker::redis::{AddressError, ClusterError};
use crate::cli::{Command, StoreArgs, TokenArgs};
use crate::clock::Clock;
use crate::config::value::MetricsListen;
use crate::config::{Config, ConfigError, StoreConfig, check, file};
use crate::node::new_uuid;
use crate::store::{StoreError, Write, Written, postgres, sqlite};
use crate::telemetry;

/// Why the server did not start, or a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting does not do.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No token was made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The store could not be opened.
    #[error("cannot open the database: {0}")]
    Open(#[from] sqlite::OpenError),
    /// The same of PostgreSQL.
    #[error("cannot open the database: {0}")]
    OpenPostgres(#[from] postgres::OpenError),
    /// The store's file is another server's.
    #[error(
        "another server has {} open: stop that one, or give this one a file of its own with --database-url \
         (with --redis-url, nodes may share one)",
        file.display()
    )]
    InUse {
        /// Which.
        file: std::path::PathBuf,
    },
    /// The store does not answer.
    #[error("the database does not answer: {0}")]
    Store(#[from] StoreError),
    /// The broker's address does not do.
    #[error(transparent)]
    Broker(#[from] AddressError),
    /// The broker is of a kind that is not supported.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Spans cannot be exported.
    #[cfg(feature = "otel")]
    #[error(transparent)]
    Export(#[from] telemetry::ExportError),
    /// A socket could not be bound.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// Where.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system refused something.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The store took a command as something else.
    #[error("the database did not do what it was asked")]
    Refused,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    match file::parse(std::env::args_os()).map_err(StartError::from).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

/// Help and version are answers; anything else is one line, and 2 where the settings are at fault.
fn fail(error: StartError) -> ExitCode {
    match error {
        StartError::Config(ConfigError::Line(line)) => line.exit(),
        StartError::Config(error) => say(&error, 2),
        StartError::Token(error) => say(&error, 2),
        StartError::Broker(error) => say(&error, 2),
        StartError::Cluster(error) => say(&error, 2),
        #[cfg(feature = "otel")]
        StartError::Export(error) => say(&error, 2),
        StartError::Open(_)
        | StartError::OpenPostgres(_)
        | StartError::InUse { .. }
        | StartError::Store(_)
        | StartError::Listen { .. }
        | StartError::Io(_)
        | StartError::Refused => say(&error, 1),
    }
}

fn say(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(code)
}

fn run(command: Command) -> Result<(), StartError> {
    match command {
        Command::Token(args) => token(&args),
        Command::Serve(serve) => {
            check::check(&serve.config)?;
            serve_logged(&serve.config)
        }
        Command::Migrate(args) => tokio::runtime::Runtime::new()?.block_on(migrate(&args)),
        Command::NewEpoch(args) => tokio::runtime::Runtime::new()?.block_on(new_epoch(&args)),
    }
}

#[cfg(not(feature = "otel"))]
fn serve_logged(config: &Config) -> Result<(), StartError> {
    telemetry::init(config.log.log_format);
    if config.log.otlp_endpoint.is_some() {
        tracing::warn!("no spans are exported: this server was built without the feature otel");
    }
    tokio::runtime::Runtime::new()?.block_on(serve(config))
}

#[cfg(feature = "otel")]
fn serve_logged(config: &Config) -> Result<(), StartError> {
    let runtime = tokio::runtime::Runtime::new()?;
    let Some(endpoint) = &config.log.otlp_endpoint else {
        telemetry::init(config.log.log_format);
        return runtime.block_on(serve(config));
    };
    let export = telemetry::init_with_export(config.log.log_format, endpoint, runtime.handle())?;
    let served = runtime.block_on(serve(config));
    export.finish();
    served
}

/// stdout holds the token and a newline, nothing else.
fn token(args: &TokenArgs) -> Result<(), StartError> {
    let token = make_token(args, &Clock::system())?;
    writeln!(std::io::stdout(), "{token}")?;
    Ok(())
}

async fn serve(config: &Config) -> Result<(), StartError> {
    let app = App::build(config).await?;
    let public = bind(config.listen.listen).await?;
    let private = match config.listen.metrics_listen {
        MetricsListen::Off => None,
        MetricsListen::At(addr) => match bind(addr).await {
            Ok(listener) => Some(listener),
            // Two development servers side by side are no reason to refuse the second.
            Err(error) if config.auth.dev => {
                tracing::warn!(%error, "no metrics");
                None
            }
            Err(error) => return Err(error),
        },
    };
    if config.auth.dev {
        tracing::warn!("DEVELOPMENT: anyone who reaches this server may sign in as anyone");
    }
    if let Some(listener) = &private {
        tracing::info!("metrics on http://{}/metrics", listener.local_addr()?);
    }
    let address = public.local_addr()?;
    tracing::info!("listening on http://{address}");
    if config.auth.dev {
        tracing::info!("sign in as ann: http://{address}/?as=ann");
        tracing::info!("sign in as bob: http://{address}/?as=bob");
    }
    let stop = stop_signal()?;
    app.run(public, private, stop).await;
    Ok(())
}

async fn bind(addr: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(addr).await.map_err(|source| StartError::Listen { addr, source })
}

/// SIGTERM or SIGINT. The handlers stand from here on, before anything is served.
#[cfg(unix)]
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Opening brings the tables up to date.
async fn migrate(args: &StoreArgs) -> Result<(), StartError> {
    let log = open(&args.store).await?;
    let epoch = log.store().epoch().await?;
    log.close().await;
    eprintln!("the tables are up to date; the log is {epoch}");
    Ok(())
}

async fn new_epoch(args: &StoreArgs) -> Result<(), StartError> {
    // A server goes on with the epoch that it has read at its start.
    let _sole = Sole::default().take(&args.store, With::Nobody)?;
    let log = open(&args.store).await?;
    let store = log.store();
    let epoch = Epoch::new(new_uuid()).map_err(|_| StartError::Refused)?;
    let written = store.commit(vec![Write::NewEpoch(epoch)]).await?;
    let done = matches!(written.as_slice(), [Ok(Written::Epoch(_))]);
    let epoch = store.epoch().await?;
    log.close().await;
    if !done {
        return Err(StartError::Refused);
    }
    eprintln!("the log is now {epoch}; clients will read it anew");
    Ok(())
}

async fn open(config: &StoreConfig) -> Result<Log, StartError> {
    check::store(config)?;
    Log::open(config).await
}
