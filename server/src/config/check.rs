//! What must not stand together: each rule refuses to start with one sentence that says what to do.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::bounds::{BOUNDS, longer_than_nothing};
use super::permissions::{not_changed_by_others, not_for_others};
use super::{Config, ListenConfig, StoreConfig, secret};
use crate::auth::keys::{self, KeyError};

/// Why the server does not start. Each reads as one sentence with what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The command line is wrong, or asks for help.
    #[error("{0}")]
    Line(#[from] clap::Error),
    /// Another command was given where `serve` was meant.
    #[error("not a serve command")]
    Command,
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML.
    #[error("{} is not valid TOML: {reason}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file has a key that is no setting.
    #[error("{}: \"{key}\" is no setting; `tidings-server serve --help` lists them, with _ for -", path.display())]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// The file has a value of a wrong kind.
    #[error("{}: \"{key}\" must be a text, a whole number, true or false, or a list of texts", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
    },
    /// No key.
    #[error(
        "no key to check tokens with: set TIDINGS_JWT_SECRET (32 bytes or more), --jwks-file or --jwks-url, or use --dev"
    )]
    NoKey,
    /// Two keys.
    #[error("--jwt-secret, --jwks-file and --jwks-url exclude each other: tokens are signed one way")]
    TwoKeys,
    /// A short secret.
    #[error("--{flag} has {bytes} bytes; it needs at least 32, such as `openssl rand -base64 32` makes")]
    ShortSecret {
        /// Which.
        flag: &'static str,
        /// How many it has.
        bytes: usize,
    },
    /// A known secret.
    #[error("--{flag} is an example that everybody knows; make one with `openssl rand -base64 32`")]
    KnownSecret {
        /// Which.
        flag: &'static str,
    },
    /// Keys from a place where anyone could put others.
    #[error(
        "--jwks-url must be https://…, or http:// on a loopback address: keys that anyone can change are none"
    )]
    UnsafeKeys,
    /// The keys cannot be had.
    #[error("--jwks-url {url}: {source}")]
    KeysAt {
        /// The address.
        url: String,
        /// Why.
        source: KeyError,
    },
    /// The keys are wrong.
    #[error("--jwks-file {}: {source}", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Open to the network in development.
    #[error("--dev lets anyone in as anyone, so --listen must be a loopback address, not {0}")]
    DevInTheOpen(std::net::SocketAddr),
    /// Everybody can read a secret.
    #[error("{} can be read by every user of this machine; run `chmod 600 {}`", .0.display(), .0.display())]
    ReadableByOthers(PathBuf),
    /// Others can change the keys.
    #[error("{} can be changed by other users of this machine; run `chmod go-w {}`", .0.display(), .0.display())]
    WritableByOthers(PathBuf),
    /// Leeway without sense.
    #[error("--jwt-leeway may be at most 5m: a token must end some time")]
    Leeway,
    /// A span that must not be nothing.
    #[error("--{0} must be longer than nothing")]
    Zero(&'static str),
    /// A bound below the contract's needs.
    #[error("--{flag} must be at least {least}")]
    TooSmall {
        /// Which.
        flag: &'static str,
        /// The least.
        least: usize,
    },
    /// Keys without a Redis to keep them.
    #[error("--redis-sessions keeps keys in the Redis that --redis-url names, and there is none")]
    NoRedis,
    /// A database that is not served.
    #[error("--database-url must be sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Database,
}

/// Checks everything that can be checked before a socket is bound.
///
/// # Errors
/// The first rule that is broken.
pub fn check(config: &Config) -> Result<(), ConfigError> {
    listen(&config.listen, config.auth.dev)?;
    auth(config)?;
    store(&config.store)?;
    if config.broker.redis_sessions && config.broker.redis_url.is_none() {
        return Err(ConfigError::NoRedis);
    }
    BOUNDS.iter().try_for_each(|bound| bound.hold(config))
}

fn listen(listen: &ListenConfig, dev: bool) -> Result<(), ConfigError> {
    if dev && !listen.listen.ip().is_loopback() {
        return Err(ConfigError::DevInTheOpen(listen.listen));
    }
    Ok(())
}

fn auth(config: &Config) -> Result<(), ConfigError> {
    let auth = &config.auth;
    if let Some(jwt) = &auth.jwt_secret {
        secret::check("jwt-secret", jwt)?;
    }
    if let Some(ticket) = &auth.ticket_secret {
        secret::check("ticket-secret", ticket)?;
    }
    match (&auth.jwt_secret, &auth.jwks_file, &auth.jwks_url) {
        (None, None, None) if !auth.dev => return Err(ConfigError::NoKey),
        (None, Some(path), None) => {
            not_changed_by_others(path)?;
            keys::read(path).map_err(|source| ConfigError::Keys { path: path.clone(), source })?;
        }
        (None, None, Some(url)) if !keys::fetch::is_safe(url) => return Err(ConfigError::UnsafeKeys),
        (Some(_), None, None) | (None, None, Some(_) | None) => {}
        (Some(_), _, _) | (_, Some(_), Some(_)) => return Err(ConfigError::TwoKeys),
    }
    if auth.jwt_leeway > Duration::from_secs(300) {
        return Err(ConfigError::Leeway);
    }
    Ok(())
}

/// The log must be one that this version keeps, and not everybody may read its file.
///
/// # Errors
/// It is not.
pub fn store(config: &StoreConfig) -> Result<(), ConfigError> {
    longer_than_nothing("database-timeout", config.database_timeout)?;
    if !config.is_postgres() && !config.database_url.expose_secret().starts_with("sqlite:") {
        return Err(ConfigError::Database);
    }
    match config.sqlite_file() {
        Some(file) if file.exists() => not_for_others(&file),
        Some(_) | None => Ok(()),
    }
}
