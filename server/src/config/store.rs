//! Where the log is kept, and how nodes hear of each other.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::value;

/// Where the log is kept.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Store and broker")]
pub struct StoreConfig {
    /// sqlite://FILE, created with mode 0600 where it does not exist, for one node;
    /// postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full for a cluster
    #[arg(long, env = "TIDINGS_DATABASE_URL", value_name = "URL", hide_env_values = true, default_value = value::DEFAULT_DATABASE, value_parser = value::secret)]
    pub database_url: SecretString,

    /// PostgreSQL: connections that read at the same time; one more writes
    #[arg(long, env = "TIDINGS_DATABASE_CONNECTIONS", value_name = "COUNT", default_value = "8")]
    pub database_connections: NonZeroU32,

    /// PostgreSQL: longest wait for an answer, a lock or a free connection; after it, frames are refused for now
    #[arg(long, env = "TIDINGS_DATABASE_TIMEOUT", value_name = "TIME", default_value = "5s", value_parser = value::duration)]
    pub database_timeout: Duration,
}

impl StoreConfig {
    /// Whether the log is in PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        use secrecy::ExposeSecret as _;
        let scheme = self.database_url.expose_secret().split("://").next().unwrap_or_default();
        matches!(scheme, "postgres" | "postgresql")
    }

    /// The file of a `sqlite://` URL; `None` for another store or one in memory.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        use secrecy::ExposeSecret as _;
        let url = self.database_url.expose_secret();
        let rest = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"))?;
        let path = rest.split('?').next().unwrap_or(rest);
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    }
}

/// How nodes hear of each other.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Store and broker")]
pub struct BrokerConfig {
    /// redis://… for a cluster [default: none, one node]
    #[arg(long, env = "TIDINGS_REDIS_URL", value_name = "URL", hide_env_values = true, hide_default_value = true, value_parser = value::secret)]
    pub redis_url: Option<SecretString>,

    /// With Redis: keep who is connected in keys that other programs can read: websocket:session:ID, websocket:user:USER,
    /// user:online:USER. No node reads them
    #[arg(long, env = "TIDINGS_REDIS_SESSIONS", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value = "false", default_missing_value = "true", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::Set, hide_default_value = true, hide_possible_values = true)]
    pub redis_sessions: bool,

    /// This node's name in a cluster, of letters, digits and . _ - [default: random]
    #[arg(long, env = "TIDINGS_NODE_ID", value_name = "NAME", value_parser = value::node_id)]
    pub node_id: Option<String>,

    /// With Redis: publications that may wait to be sent to it; past that, others read them from the log
    #[arg(long, env = "TIDINGS_REDIS_QUEUE", value_name = "COUNT", default_value_t = 16_384)]
    pub redis_queue: usize,

    /// With Redis: publications that may wait for this node's own sessions
    #[arg(long, env = "TIDINGS_REDIS_ARRIVALS", value_name = "COUNT", default_value_t = 8_192)]
    pub redis_arrivals: usize,

    /// With Redis: how often everything that was delivered is compared with the log
    #[arg(long, env = "TIDINGS_POSITION_TICK", value_name = "TIME", default_value = "15s", value_parser = value::duration)]
    pub position_tick: Duration,

    /// With Redis: a node that is silent for this long counts as dead, its sessions as lost
    #[arg(long, env = "TIDINGS_PRESENCE_LEASE", value_name = "TIME", default_value = "15s", value_parser = value::duration)]
    pub presence_lease: Duration,
}
