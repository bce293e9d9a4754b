//! The least that a number or a span of time may be: one table, which [`check`](super::check) holds settings against
//! and `docs/configuration.md` is made from.

use std::time::Duration;

use super::{Config, ConfigError};

/// What a setting must not fall below.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The setting's flag, without its dashes.
    pub flag: &'static str,
    least: Least,
}

#[derive(Clone, Copy, Debug)]
enum Least {
    LongerThanNothing(fn(&Config) -> Duration),
    Number(fn(&Config) -> usize, usize),
}

impl Bound {
    const fn time(flag: &'static str, of: fn(&Config) -> Duration) -> Self {
        Self { flag, least: Least::LongerThanNothing(of) }
    }

    const fn number(flag: &'static str, of: fn(&Config) -> usize, least: usize) -> Self {
        Self { flag, least: Least::Number(of, least) }
    }

    /// Holds the settings to it.
    ///
    /// # Errors
    /// They fall below it.
    pub fn hold(&self, config: &Config) -> Result<(), ConfigError> {
        match self.least {
            Least::LongerThanNothing(of) => longer_than_nothing(self.flag, of(config)),
            Least::Number(of, least) if of(config) < least => {
                Err(ConfigError::TooSmall { flag: self.flag, least })
            }
            Least::Number(..) => Ok(()),
        }
    }

    /// What it asks for, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.least {
            Least::LongerThanNothing(_) => "longer than nothing".to_owned(),
            Least::Number(_, least) => format!("at least {least}"),
        }
    }
}

/// All bounds.
pub const BOUNDS: [Bound; 15] = [
    Bound::time("header-timeout", |config| config.listen.header_timeout),
    Bound::time("body-timeout", |config| config.listen.body_timeout),
    Bound::time("write-timeout", |config| config.listen.write_timeout),
    Bound::time("heartbeat", |config| config.session.heartbeat),
    Bound::time("drain-grace", |config| config.drain.drain_grace),
    Bound::time("notification-retention", |config| config.notifications.notification_retention),
    Bound::time("position-tick", |config| config.broker.position_tick),
    Bound::time("presence-lease", |config| config.broker.presence_lease),
    Bound::time("database-timeout", |config| config.store.database_timeout),
    Bound::number("max-content-bytes", |config| config.limits.max_content_bytes, 1),
    Bound::number("max-frame-bytes", |config| config.limits.max_frame_bytes, 256),
    Bound::number("max-body-bytes", |config| config.limits.max_body_bytes, 1),
    Bound::number("outbox-bytes", |config| config.limits.outbox_bytes, 1024),
    Bound::number("redis-queue", |config| config.broker.redis_queue, 1),
    Bound::number("redis-arrivals", |config| config.broker.redis_arrivals, 16),
];

/// A span that must not be nothing.
///
/// # Errors
/// It is.
pub fn longer_than_nothing(flag: &'static str, span: Duration) -> Result<(), ConfigError> {
    if span.is_zero() { Err(ConfigError::Zero(flag)) } else { Ok(()) }
}
