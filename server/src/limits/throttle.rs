//! How fast plain requests may come: for each user what reads and what writes, and for each address what carries
//! no token that counts.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use tidings_protocol::{Code, UserId};
use tokio::time::Instant;

use super::bucket::{Bucket, Quota};
use super::connections::block;
use crate::config::LimitsConfig;
use crate::error::Error;

/// One may save up what comes in this many seconds.
const BURST_SECONDS: u32 = 4;
/// Buckets that are remembered at most, of each kind; full ones are not.
const MOST_REMEMBERED: usize = 100_000;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Looks.
    Read,
    /// Changes something.
    Write,
}

impl Class {
    /// By the method. A poll reads, whatever its method.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let follows = path.ends_with("/realtime/poll") || path.ends_with("/realtime/stream");
        if reads || follows { Self::Read } else { Self::Write }
    }
}

/// The buckets of plain requests.
#[derive(Debug)]
pub struct Throttle {
    reads: Buckets<UserId>,
    writes: Buckets<UserId>,
    anonymous: Buckets<IpAddr>,
}

impl Throttle {
    /// With these bounds.
    #[must_use]
    pub fn new(limits: &LimitsConfig) -> Self {
        Self {
            reads: Buckets::new(Quota::per_second(limits.max_reads_per_second, BURST_SECONDS)),
            writes: Buckets::new(Quota::per_second(limits.max_writes_per_second, BURST_SECONDS)),
            anonymous: Buckets::new(Quota::per_second(limits.max_anonymous_per_second, BURST_SECONDS)),
        }
    }

    /// A request of a user.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which the next one may come.
    pub fn user(&self, user: &UserId, class: Class) -> Result<(), Error> {
        match class {
            Class::Read => self.reads.take(user.clone()),
            Class::Write => self.writes.take(user.clone()),
        }
    }

    /// A request that carries no token that counts.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with the time after which the next one may come.
    pub fn anonymous(&self, ip: IpAddr) -> Result<(), Error> {
        self.anonymous.take(block(ip))
    }
}

/// A bucket for each key.
#[derive(Debug)]
struct Buckets<K> {
    quota: Quota,
    known: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(quota: Quota) -> Self {
        Self { quota, known: Mutex::default() }
    }

    fn take(&self, key: K) -> Result<(), Error> {
        let now = Instant::now();
        let mut known = self.known.lock();
        if known.len() >= MOST_REMEMBERED && !known.contains_key(&key) {
            known.retain(|_, bucket| !bucket.is_full(now));
            if known.len() >= MOST_REMEMBERED {
                return Err(refused(Duration::from_secs(1)));
            }
        }
        known.entry(key).or_insert(Bucket::full(now)).take(self.quota, now).map_err(refused)
    }
}

fn refused(wait: Duration) -> Error {
    Error::new(Code::RateLimited).retry_after(wait.max(Duration::from_millis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> Throttle {
        let flags = ["--dev", "--max-reads-per-second", "5", "--max-writes-per-second", "1"];
        Throttle::new(&crate::config::Config::from_args(flags).unwrap().limits)
    }

    #[tokio::test(start_paused = true)]
    async fn each_user_has_a_bucket_for_reads_and_one_for_writes() {
        let throttle = throttle();
        let [ann, bob] = ["ann", "bob"].map(|name| UserId::new(name).unwrap());
        assert_eq!((0..30).filter(|_| throttle.user(&ann, Class::Read).is_ok()).count(), 20);
        assert_eq!((0..30).filter(|_| throttle.user(&ann, Class::Write).is_ok()).count(), 4);
        assert!(throttle.user(&bob, Class::Write).is_ok());
        let refused = throttle.user(&ann, Class::Write).unwrap_err();
        tokio::time::advance(refused.wait().unwrap()).await;
        assert!(throttle.user(&ann, Class::Write).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded_and_what_is_full_is_forgotten() {
        let buckets = Buckets::new(throttle().reads.quota);
        for key in 0..MOST_REMEMBERED {
            buckets.take(key).unwrap();
        }
        assert!(buckets.take(MOST_REMEMBERED).is_err());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(buckets.take(MOST_REMEMBERED).is_ok());
        assert_eq!(buckets.known.lock().len(), 1);
    }

    #[test]
    fn a_poll_reads() {
        assert_eq!(Class::of(&Method::POST, "/api/v1/realtime/poll"), Class::Read);
        assert_eq!(Class::of(&Method::POST, "/api/v1/realtime/frames"), Class::Write);
        assert_eq!(Class::of(&Method::DELETE, "/api/v1/notifications"), Class::Write);
        assert_eq!(Class::of(&Method::GET, "/api/v1/rooms"), Class::Read);
    }
}
