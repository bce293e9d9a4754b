//! What tokens are checked with: one secret, or public keys from a file or an address, which may change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, RwLock};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::config::{AuthConfig, ConfigError};

pub mod fetch;
pub mod jwks;

pub use self::jwks::{Key, KeyError, KeySet, read};

/// How often the file or the address is looked at.
const REFRESH: Duration = Duration::from_secs(60);
/// A token by an unknown key has them looked at sooner, but not more often than this.
const REFRESH_AT_MOST: Duration = Duration::from_secs(30);

/// The keys of now, and where they come from.
#[derive(Debug)]
pub struct Keys {
    current: RwLock<Arc<KeySet>>,
    source: Source,
    /// The development sign-in's own, which stands beside the others.
    dev: Option<SecretString>,
    unknown: Notify,
}

#[derive(Debug)]
enum Source {
    /// The settings: nothing to look at again.
    Secret,
    File {
        path: PathBuf,
        read_at: Mutex<Option<SystemTime>>,
    },
    Url(String),
}

impl Keys {
    /// The keys that the settings name; `dev` is the development sign-in's own.
    ///
    /// # Errors
    /// They cannot be had, or do not do.
    pub async fn new(config: &AuthConfig, dev: Option<&SecretString>) -> Result<Self, ConfigError> {
        let (source, set) = match (&config.jwks_file, &config.jwks_url) {
            (Some(path), _) => {
                let read_at = Mutex::new(changed_at(path));
                let set = read(path).map_err(|source| ConfigError::Keys { path: path.clone(), source })?;
                (Source::File { path: path.clone(), read_at }, set)
            }
            (None, Some(url)) => {
                let fetched = fetch::fetch(url).await;
                let set = fetched.map_err(|source| ConfigError::KeysAt { url: url.clone(), source })?;
                (Source::Url(url.clone()), set)
            }
            (None, None) => match config.jwt_secret.as_ref().or(dev) {
                Some(secret) => (Source::Secret, KeySet::default().with_secret(secret)),
                None => return Err(ConfigError::NoKey),
            },
        };
        let dev = dev.filter(|_| !matches!(source, Source::Secret)).cloned();
        let keys = Self { current: RwLock::default(), source, dev, unknown: Notify::new() };
        keys.take(set);
        Ok(keys)
    }

    /// The keys of now.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.current.read())
    }

    /// A token came by a key that is not there: perhaps it is new.
    pub fn miss(&self) {
        self.unknown.notify_one();
    }

    /// Looks at the file or the address again and again, for as long as it is awaited.
    pub async fn keep_fresh(&self) {
        if matches!(self.source, Source::Secret) {
            return;
        }
        loop {
            let looked = Instant::now();
            sleep_until(looked + REFRESH_AT_MOST).await;
            tokio::select! {
                () = self.unknown.notified() => {}
                () = sleep_until(looked + REFRESH) => {}
            }
            self.refresh().await;
        }
    }

    /// Looks at the file or the address. What does not do leaves the keys as they are.
    pub async fn refresh(&self) {
        let (from, read) = match &self.source {
            Source::Secret => return,
            Source::File { path, read_at } => {
                let changed_at = changed_at(path);
                if std::mem::replace(&mut *read_at.lock(), changed_at) == changed_at {
                    return;
                }
                (path.display().to_string(), read(path))
            }
            Source::Url(url) => (url.clone(), fetch::fetch(url).await),
        };
        match read {
            Ok(set) => {
                tracing::debug!(from, "keys read again");
                self.take(set);
            }
            Err(error) => tracing::error!(from, %error, "keys do not do, the old ones stay"),
        }
    }

    fn take(&self, set: KeySet) {
        let set = match &self.dev {
            Some(secret) => set.with_secret(secret),
            None => set,
        };
        *self.current.write() = Arc::new(set);
    }
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}
