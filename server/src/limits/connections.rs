//! How many may connect: in all, from one address, and of one user. A permit counts until it is dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tidings_protocol::{Code, UserId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::bucket::{Bucket, Quota};
use super::client::Client;
use crate::config::LimitsConfig;
use crate::error::Error;

/// When a refused peer may try again, where nothing says when there will be place.
const RETRY: Duration = Duration::from_secs(5);
/// Who is one too many in a second is told a turn within this time; past it the turns begin anew.
const TURNS: Duration = Duration::from_secs(60);

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// The server is full.
    #[error("the server has as many connections as it takes")]
    Server,
    /// This address has enough.
    #[error("this address has as many connections as it may")]
    Address,
    /// Too many connections come at once: when it is this one's turn.
    #[error("more connections come in a second than the server takes")]
    Rate(Duration),
    /// This user has enough.
    #[error("this user has as many sessions as it may")]
    User,
}

impl Refused {
    /// For the counter's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Address => "address",
            Self::Rate(_) => "rate",
            Self::User => "user",
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::Server | Refused::Rate(_) => Code::Unavailable,
            Refused::Address | Refused::User => Code::RateLimited,
        };
        let wait = if let Refused::Rate(turn) = refused { turn } else { RETRY };
        Self::new(code).detail(refused.to_string()).retry_after(wait)
    }
}

/// The counts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections {
    all: Arc<Semaphore>,
    addresses: Counts<IpAddr>,
    users: Counts<UserId>,
    arrivals: Option<Arc<Arrivals>>,
}

/// How many may come in a second.
#[derive(Debug)]
struct Arrivals {
    quota: Quota,
    line: Mutex<Line>,
}

#[derive(Debug)]
struct Line {
    bucket: Bucket,
    /// When the last one who was refused is to come again.
    last_turn: Instant,
}

impl Arrivals {
    fn at(quota: Quota, now: Instant) -> Self {
        Self { quota, line: Mutex::new(Line { bucket: Bucket::full(now), last_turn: now }) }
    }

    /// Takes one in, or says when to come again: one after the other, since many who come again at once would be refused at
    /// once again.
    fn admit(&self, now: Instant) -> Result<(), Refused> {
        let mut line = self.line.lock();
        let Err(wait) = line.bucket.take(self.quota, now) else { return Ok(()) };
        let next = now + wait;
        let turn = next.max(line.last_turn + self.quota.interval());
        line.last_turn = if turn > now + TURNS { next } else { turn };
        Err(Refused::Rate(line.last_turn - now))
    }
}

impl Connections {
    /// With these bounds.
    #[must_use]
    pub fn new(limits: &LimitsConfig) -> Self {
        let bounds = Self::of(
            limits.max_connections.get(),
            limits.max_connections_per_ip.get(),
            limits.max_connections_per_user.get(),
        );
        let quota = Quota::per_second(limits.max_connects_per_second, 1);
        Self { arrivals: Some(Arc::new(Arrivals::at(quota, Instant::now()))), ..bounds }
    }

    /// For a listener that only few have to do with: `all` connections, whoever makes them.
    #[must_use]
    pub fn at_most(all: u32) -> Self {
        Self::of(all, all, all)
    }

    fn of(all: u32, per_address: u32, per_user: u32) -> Self {
        let all = usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(all)),
            addresses: Counts::new(per_address),
            users: Counts::new(per_user),
            arrivals: None,
        }
    }

    /// A TCP connection; `ip` is none for a trusted proxy, which speaks for many.
    ///
    /// # Errors
    /// The server is full, the address has enough, or too many come at once.
    pub fn admit_connection(&self, ip: Option<IpAddr>) -> Result<Permit, Refused> {
        let all = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Refused::Server)?;
        let address = match ip {
            Some(ip) => Some(self.addresses.take(block(ip)).ok_or(Refused::Address)?),
            None => None,
        };
        // Last, so that an address which has enough takes nothing from the others.
        if let Some(arrivals) = &self.arrivals {
            arrivals.admit(Instant::now())?;
        }
        Ok(Permit { _all: Some(all), _address: address, _user: None })
    }

    /// A session or stream of a user; behind a proxy it also counts for the client's address.
    ///
    /// # Errors
    /// The user or the address has enough.
    pub fn admit_session(&self, user: &UserId, client: &Client) -> Result<Permit, Refused> {
        let address = if client.proxied {
            Some(self.addresses.take(block(client.ip)).ok_or(Refused::Address)?)
        } else {
            None
        };
        let user = self.users.take(user.clone()).ok_or(Refused::User)?;
        Ok(Permit { _all: None, _address: address, _user: Some(user) })
    }
}

/// Counts until it is dropped.
#[derive(Debug)]
pub struct Permit {
    _all: Option<OwnedSemaphorePermit>,
    _address: Option<Counted<IpAddr>>,
    _user: Option<Counted<UserId>>,
}

/// One host may own a whole /64, so that is what counts as an address of IPv6.
pub(super) fn block(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

/// A count per key, without an entry where it is zero.
#[derive(Debug)]
struct Counts<K> {
    max: u32,
    counts: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K> Clone for Counts<K> {
    fn clone(&self) -> Self {
        Self { max: self.max, counts: Arc::clone(&self.counts) }
    }
}

impl<K: Eq + Hash + Clone> Counts<K> {
    fn new(max: u32) -> Self {
        Self { max, counts: Arc::default() }
    }

    fn take(&self, key: K) -> Option<Counted<K>> {
        let mut counts = self.counts.lock();
        let count = counts.entry(key.clone()).or_insert(0);
        if *count >= self.max {
            return None;
        }
        *count += 1;
        drop(counts);
        Some(Counted { key, counts: Arc::clone(&self.counts) })
    }
}

/// One of a count.
#[derive(Debug)]
struct Counted<K: Eq + Hash> {
    key: K,
    counts: Arc<Mutex<HashMap<K, u32>>>,
}

impl<K: Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::origin::Scheme;

    #[test]
    fn a_count_ends_with_its_permit_and_leaves_nothing_behind() {
        let counts = Counts::new(2);
        let first = counts.take("a");
        let second = counts.take("a");
        assert!(first.is_some() && second.is_some() && counts.take("a").is_none());
        assert!(counts.take("b").is_some());
        drop(first);
        assert!(counts.take("a").is_some());
        drop(second);
        assert!(counts.counts.lock().is_empty());
    }

    /// When each of a crowd is in that comes within half a second, in milliseconds; who is refused comes again when told,
    /// in whole seconds as `Retry-After` has them.
    fn returns(crowd: u64, per_second: u32) -> Vec<u64> {
        let began = Instant::now();
        let arrivals = Arrivals::at(Quota::per_second(per_second.try_into().unwrap(), 1), began);
        let mut knocks: BTreeSet<(u64, u64)> = (0..crowd).map(|n| (n * 500 / crowd, n)).collect();
        let mut times = Vec::new();
        while let Some((at, n)) = knocks.pop_first() {
            match arrivals.admit(began + Duration::from_millis(at)) {
                Ok(()) => times.push(at),
                Err(Refused::Rate(turn)) => {
                    assert!(turn <= TURNS);
                    knocks.insert((at + 1_000 * crate::error::whole_seconds(turn), n));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_one_too_many_is_told_a_turn_at_which_there_is_place() {
        let times = returns(10_000, 2_000);
        assert!(times.last() <= Some(&6_000), "the last after {:?} ms", times.last());
        // A full bucket and what comes in meanwhile.
        let in_a_second = |from: &u64| times.iter().filter(|at| (*from..from + 1_000).contains(*at)).count();
        assert!(times.iter().step_by(50).map(in_a_second).max() <= Some(4_000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_no_minute_takes_in_gets_in_all_the_same() {
        assert_eq!(returns(1_000, 10).len(), 1_000);
    }

    #[test]
    fn a_host_with_a_whole_network_is_one_address() {
        assert_eq!(block("2001:db8::1".parse().unwrap()), block("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(block("2001:db8::1".parse().unwrap()), block("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(block("::ffff:1.2.3.4".parse().unwrap()), "1.2.3.4".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn behind_a_proxy_the_clients_address_counts_once_a_session() {
        let config = crate::config::Config::from_args(["--dev", "--max-connections-per-ip", "1"]).unwrap();
        let connections = Connections::new(&config.limits);
        let ann = UserId::new("ann").unwrap();
        let ip = "198.51.100.7".parse().unwrap();
        let direct = Client { ip, proxied: false, scheme: Scheme::Http };
        let _tcp = connections.admit_connection(Some(ip)).unwrap();
        assert!(connections.admit_session(&ann, &direct).is_ok());
        let proxied = Client { proxied: true, ..direct };
        assert_eq!(connections.admit_session(&ann, &proxied).unwrap_err(), Refused::Address);
    }
}
