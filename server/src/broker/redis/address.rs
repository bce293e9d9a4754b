//! Which Redis is meant: the URLs that are understood, and a sentence for those that are not.

use redis::{Client, IntoConnectionInfo as _, ProtocolVersion};

/// A Redis server. Shows neither password nor host.
#[derive(Clone)]
pub struct Address {
    client: Client,
}

/// Why a URL does not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Several servers, or the scheme of a cluster.
    #[error(
        "--redis-url: a Redis Cluster is not supported; name a single server, redis://HOST:PORT or rediss://HOST:PORT"
    )]
    Cluster,
    /// Certificates that are not checked.
    #[error(
        "--redis-url: #insecure would trust any certificate; put the server's authority among the system's"
    )]
    Insecure,
    /// No URL of a Redis server.
    #[error("--redis-url must be redis://[USER:PASSWORD@]HOST[:PORT], or rediss://… for TLS")]
    Unknown,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// It is none that is understood.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = url.split_once("://").ok_or(AddressError::Unknown)?;
        if scheme.contains("cluster") || rest.split(['/', '?', '#']).next().is_some_and(|h| h.contains(',')) {
            return Err(AddressError::Cluster);
        }
        if rest.contains("#insecure") {
            return Err(AddressError::Insecure);
        }
        if !matches!(scheme, "redis" | "rediss") {
            return Err(AddressError::Unknown);
        }
        let info = url.into_connection_info().map_err(|_| AddressError::Unknown)?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(settings);
        if scheme == "rediss" {
            // Two libraries of this program may each bring a way to do TLS; one is named. Set twice, the first stays.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        Client::open(info).map(|client| Self { client }).map_err(|_| AddressError::Unknown)
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address([REDACTED])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_with_or_without_password_and_tls() {
        for url in ["redis://h", "redis://h:1/0", "redis://u:p@h:1", "rediss://:p@h:1", "redis://[::1]:6379"]
        {
            assert!(Address::parse(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_a_sentence() {
        for (url, error) in [
            ("redis+cluster://h:1", AddressError::Cluster),
            ("redis://a:1,b:2", AddressError::Cluster),
            ("rediss://h:1/#insecure", AddressError::Insecure),
            ("http://h", AddressError::Unknown),
            ("h:6379", AddressError::Unknown),
            ("redis://", AddressError::Unknown),
        ] {
            assert_eq!(Address::parse(url).err(), Some(error), "{url}");
        }
    }
}
