//! The command line: `serve`, `token`, `migrate`, `new-epoch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;
use tidings_protocol::UserId;

use crate::config::{Config, StoreConfig, value};

const HOW: &str = "\
Every flag --a-b is also the variable TIDINGS_A_B and the key a_b of --config FILE.toml;
a flag wins over a variable, a variable over the file.

Try it:         tidings-server serve --dev
Run it:         TIDINGS_JWT_SECRET=$(openssl rand -base64 32) tidings-server serve
Make a token:   tidings-server token --sub ann --scope \"notify admin\" --ttl 1h";

/// The Tidings real-time messaging server: rooms, direct messages and notifications over WebSocket,
/// server-sent events and HTTP, with a durable log behind them.
#[derive(Debug, Parser)]
#[command(name = "tidings-server", version, after_help = HOW, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the app, the API and the WebSocket
    #[command(after_help = HOW)]
    Serve(Box<Serve>),
    /// Make a token and write it to stdout; needs the secret, and no database
    Token(TokenArgs),
    /// Bring the database's tables up to this version, and end
    Migrate(StoreArgs),
    /// Give the log a new name after a restore, so that clients read it anew
    NewEpoch(StoreArgs),
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The file.
    #[command(flatten)]
    pub file: FileArg,
    /// Everything else.
    #[command(flatten)]
    pub config: Config,
}

/// The one argument of every command.
#[derive(Clone, Debug, Args)]
pub struct FileArg {
    /// File with settings, such as `listen = "0.0.0.0:8080"`; chmod 600 where it holds a secret
    #[arg(long, env = "TIDINGS_CONFIG", value_name = "FILE.toml")]
    pub config: Option<PathBuf>,
}

/// `migrate` and `new-epoch`.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArg,
    /// The log's place.
    #[command(flatten)]
    pub store: StoreConfig,
}

/// `token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// The file.
    #[command(flatten)]
    pub file: FileArg,

    /// The user that the token speaks for
    #[arg(long, value_name = "USER")]
    pub sub: UserId,

    /// The user's name as others see it [default: the user id]
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,

    /// What the token allows: "notify", "admin" or both, separated by a space [default: neither]
    #[arg(long, value_name = "LIST")]
    pub scope: Option<String>,

    /// The only rooms that may be joined, comma separated: exact ids, or beginnings with * at the end
    /// [default: all public ones, and the private ones by membership]
    #[arg(long, value_name = "PATTERN,…", value_delimiter = ',')]
    pub rooms: Option<Vec<String>>,

    /// How long the token counts
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = value::duration)]
    pub ttl: Duration,

    /// The server's HS256 secret; better in the variable than on the command line
    #[arg(long, env = "TIDINGS_JWT_SECRET", value_name = "SECRET", hide_env_values = true, hide_default_value = true, value_parser = value::secret)]
    pub jwt_secret: Option<SecretString>,

    /// The `iss` of the token, where the server asks for one
    #[arg(long, env = "TIDINGS_JWT_ISSUER", value_name = "TEXT")]
    pub jwt_issuer: Option<String>,

    /// The `aud` of the token, where the server asks for one
    #[arg(long, env = "TIDINGS_JWT_AUDIENCE", value_name = "TEXT")]
    pub jwt_audience: Option<String>,
}
