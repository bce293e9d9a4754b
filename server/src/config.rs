//! Every setting, one struct per concern.
//!
//! A flag `--a-b` is also the variable `TIDINGS_A_B` and the key `a_b` of `--config FILE.toml`: flag over
//! variable over file. The file's values become the defaults of the command line ([`mod@file`]), so there is one
//! list of settings: `--help` shows it, and `docs/configuration.md` is made of it. What must not stand together is
//! refused by [`check`], and what falls below a [bound](bounds).

pub mod bounds;
pub mod check;
pub mod file;
pub mod permissions;
pub mod secret;
pub mod value;

mod auth;
mod limits;
mod listen;
mod log;
mod notifications;
mod origins;
mod session;
mod store;

pub use self::auth::AuthConfig;
pub use self::check::ConfigError;
pub use self::limits::LimitsConfig;
pub use self::listen::ListenConfig;
pub use self::log::{LogConfig, LogFormat};
pub use self::notifications::NotificationsConfig;
pub use self::origins::OriginsConfig;
pub use self::session::{DrainConfig, SessionConfig};
pub use self::store::{BrokerConfig, StoreConfig};

/// Everything that `serve` can be told.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Where to listen.
    #[command(flatten)]
    pub listen: ListenConfig,
    /// Keys and tokens.
    #[command(flatten)]
    pub auth: AuthConfig,
    /// Which pages may connect.
    #[command(flatten)]
    pub origins: OriginsConfig,
    /// The log's place.
    #[command(flatten)]
    pub store: StoreConfig,
    /// How nodes hear of each other.
    #[command(flatten)]
    pub broker: BrokerConfig,
    /// Bounds.
    #[command(flatten)]
    pub limits: LimitsConfig,
    /// One session's life.
    #[command(flatten)]
    pub session: SessionConfig,
    /// Notifications.
    #[command(flatten)]
    pub notifications: NotificationsConfig,
    /// The way out.
    #[command(flatten)]
    pub drain: DrainConfig,
    /// What is said on stderr.
    #[command(flatten)]
    pub log: LogConfig,
}

impl Config {
    /// Reads the flags of `serve`, as `["--dev", "--listen", "127.0.0.1:0"]`, with the variables of the process
    /// and the `--config` file, and checks them.
    ///
    /// # Errors
    /// [`ConfigError`] says in one sentence what must be changed.
    pub fn from_args<I, S>(flags: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item = S>,
        S: Into<std::ffi::OsString>,
    {
        let line =
            ["tidings-server".into(), "serve".into()].into_iter().chain(flags.into_iter().map(Into::into));
        match file::parse(line)? {
            crate::cli::Command::Serve(serve) => {
                check::check(&serve.config)?;
                Ok(serve.config)
            }
            crate::cli::Command::Token(_)
            | crate::cli::Command::Migrate(_)
            | crate::cli::Command::NewEpoch(_) => Err(ConfigError::Command),
        }
    }
}
