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

use super::arrivals::Arrivals;
use super::bucket::Quota;
use super::client::Client;
use crate::config::LimitsConfig;
use crate::error::Error;

/// When a refused peer may try again, where nothing says when there will be place.
const RETRY: Duration = Duration::from_secs(5);

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// The server is full.
    #[error("the server has as many connections as it takes")]
    Server,
    /// This address has enough.
    #[error("this address has as many connections as it may")]
    Address,
    /// Too many connections come at once.
    #[error("more connections come in a second than the server takes")]
    Rate,
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
            Self::Rate => "rate",
            Self::User => "user",
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::Server | Refused::Rate => Code::Unavailable,
            Refused::Address | Refused::User => Code::RateLimited,
        };
        Self::new(code).detail(refused.to_string()).retry_after(RETRY)
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
            Some(ip) => Some(self.addresses.take(block(ip), 0).ok_or(Refused::Address)?),
            None => None,
        };
        // Last, so that an address which has enough takes nothing from the others.
        if let Some(arrivals) = &self.arrivals {
            arrivals.admit(Instant::now())?;
        }
        Ok(Permit { _all: Some(all), _address: address, _user: None })
    }

    /// What one is told who is refused so: with a turn of its own, where there is one to have.
    #[must_use]
    pub fn refusal(&self, why: Refused) -> Error {
        match &self.arrivals {
            Some(arrivals) if why == Refused::Rate => {
                Error::from(why).retry_after(arrivals.turn(Instant::now()))
            }
            Some(_) | None => why.into(),
        }
    }

    /// A session or stream of a user; behind a proxy it also counts for the client's address. One that replaces another may be
    /// one more until that one has gone.
    ///
    /// # Errors
    /// The user or the address has enough.
    pub fn admit_session(&self, user: &UserId, client: &Client, replaces: bool) -> Result<Permit, Refused> {
        let beyond = u32::from(replaces);
        let address = if client.proxied {
            Some(self.addresses.take(block(client.ip), beyond).ok_or(Refused::Address)?)
        } else {
            None
        };
        let user = self.users.take(user.clone(), beyond).ok_or(Refused::User)?;
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

    /// Counts one more, up to the bound and so many beyond it.
    fn take(&self, key: K, beyond: u32) -> Option<Counted<K>> {
        let mut counts = self.counts.lock();
        let count = counts.entry(key.clone()).or_insert(0);
        if *count >= self.max.saturating_add(beyond) {
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
    use super::*;
    use crate::origin::Scheme;

    #[test]
    fn a_count_ends_with_its_permit_and_leaves_nothing_behind() {
        let counts = Counts::new(2);
        let first = counts.take("a", 0);
        let second = counts.take("a", 0);
        assert!(first.is_some() && second.is_some() && counts.take("a", 0).is_none());
        assert!(counts.take("a", 1).is_some(), "in place of one of them");
        assert!(counts.take("b", 0).is_some());
        drop(first);
        assert!(counts.take("a", 0).is_some());
        drop(second);
        assert!(counts.counts.lock().is_empty());
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
        assert!(connections.admit_session(&ann, &direct, false).is_ok());
        let proxied = Client { proxied: true, ..direct };
        assert_eq!(connections.admit_session(&ann, &proxied, false).unwrap_err(), Refused::Address);
    }
}
