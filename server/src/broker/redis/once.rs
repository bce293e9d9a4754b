//! What may happen once in the whole cluster, such as the use of a ticket: a key in Redis, for as long as it matters.

use std::time::Duration;

use super::super::BrokerError;
use super::Address;
use super::asking::Asking;

/// Asks Redis whether something happens for the first time.
pub struct Once {
    redis: Asking,
    prefix: String,
}

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Once").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Once {
    /// Keys begin with `prefix`. Connects when it is first asked.
    #[must_use]
    pub fn new(address: Address, prefix: String) -> Self {
        Self { redis: Asking::new(address), prefix }
    }

    /// Marks `name` for this long, by the clock of Redis, and says whether it was not marked before.
    ///
    /// # Errors
    /// Redis does not answer: it is not known.
    pub async fn first(&self, name: &str, lasts: Duration) -> Result<bool, BrokerError> {
        let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut set = redis::cmd("SET");
        set.arg(format!("{}{name}", self.prefix)).arg(1).arg("NX").arg("PX").arg(millis);
        // A connection may have been lost while nobody asked. Where the first attempt did arrive, the second finds
        // the name marked: then it is refused once too often, never taken twice.
        let answer: Result<Option<String>, _> = match self.redis.ask(&set).await {
            Err(_) => self.redis.ask(&set).await,
            answer => answer,
        };
        answer.map(|answer| answer.is_some()).map_err(|error| BrokerError(error.to_string()))
    }
}
