//! Which pages may connect: the server's own, and those on a list. For WebSocket, event streams and CORS alike.
//!
//! Origins are compared whole: scheme, host and port (RFC 6454 §5). `null`, which every sandboxed page has, and
//! anything that is no origin are refused.

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, HeaderValue, header};

use crate::limits::client::Client;

/// A scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// The schemes that a page can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

/// Text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// Every page of the world.
    #[error("\"*\" would let every page of the web in; name the origins")]
    Wildcard,
    /// Something else.
    #[error("write an origin such as https://chat.example.com or http://localhost:5173, without a path")]
    Shape,
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.contains('*') {
            return Err(InvalidOrigin::Wildcard);
        }
        let (scheme, authority) = text.split_once("://").ok_or(InvalidOrigin::Shape)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(InvalidOrigin::Shape),
        };
        let (host, port) = host_and_port(authority, scheme).ok_or(InvalidOrigin::Shape)?;
        Ok(Self { scheme, host, port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == default_port(self.scheme) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// What the `Origin` of a request says about the page behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No `Origin`: no page, or one that navigates or asks its own server.
    Absent,
    /// The server's own page.
    Own,
    /// A page on the list.
    Listed,
    /// Any other.
    Foreign,
}

/// The list, and how a request is held against it.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    listed: Vec<Origin>,
}

impl Policy {
    /// The server's own origin and these.
    #[must_use]
    pub const fn new(listed: Vec<Origin>) -> Self {
        Self { listed }
    }

    /// Judges a request of `client` by its headers.
    #[must_use]
    pub fn judge(&self, headers: &HeaderMap, client: &Client) -> Verdict {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(text) = origins.next() else { return Verdict::Absent };
        let origin = text.to_str().ok().and_then(|text| text.parse::<Origin>().ok());
        let (Some(origin), None) = (origin, origins.next()) else { return Verdict::Foreign };
        let listed = self.listed.contains(&origin);
        // Behind a proxy that ends TLS and is not trusted, the scheme is known from the list alone.
        let scheme_fits = origin.scheme == client.scheme || listed;
        if scheme_fits && is_own_host(&origin, headers) {
            return Verdict::Own;
        }
        if listed { Verdict::Listed } else { Verdict::Foreign }
    }

    /// Whether a page of this origin may read answers by CORS.
    #[must_use]
    pub fn lists(&self, origin: &HeaderValue) -> bool {
        origin
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .is_some_and(|origin| self.listed.contains(&origin))
    }
}

/// Whether a cookie of this request counts: only where the server's own page sent it.
#[must_use]
pub fn cookie_counts(verdict: Verdict, headers: &HeaderMap) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    match verdict {
        Verdict::Own => !matches!(fetch_site, Some(b"cross-site" | b"same-site")),
        Verdict::Absent => fetch_site == Some(b"same-origin"),
        Verdict::Listed | Verdict::Foreign => false,
    }
}

fn is_own_host(origin: &Origin, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return false;
    };
    host_and_port(host, origin.scheme).is_some_and(|(host, port)| host == origin.host && port == origin.port)
}

const fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    }
}

/// Splits `host`, `host:port` or `[v6]:port`; no user, no path.
fn host_and_port(authority: &str, scheme: Scheme) -> Option<(String, u16)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let port = match port {
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        Some(_) => return None,
        None => default_port(scheme),
    };
    let fits = if let Some(inner) = host.strip_prefix('[') {
        inner.strip_suffix(']').is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok())
    } else {
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    fits.then(|| (host.to_ascii_lowercase(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<Origin, InvalidOrigin> {
        text.parse()
    }

    #[test]
    fn an_origin_is_compared_whole() {
        assert_eq!(origin("https://Chat.example.com"), origin("https://chat.example.com:443"));
        assert_ne!(origin("https://chat.example.com"), origin("http://chat.example.com"));
        assert_ne!(origin("https://chat.example.com"), origin("https://chat.example.com:8443"));
        assert_ne!(origin("https://chat.example.com"), origin("https://chat.example.com.evil.tld"));
        assert_eq!(origin("http://[::1]:8080").unwrap().to_string(), "http://[::1]:8080");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "null",
            "",
            "chat.example.com",
            "ftp://a",
            "https://a/",
            "https://u@a",
            "https://a:x",
            "https://a:",
        ] {
            assert_eq!(origin(text), Err(InvalidOrigin::Shape), "{text:?}");
        }
        assert_eq!(origin("*"), Err(InvalidOrigin::Wildcard));
        assert_eq!(origin("https://*.example.com"), Err(InvalidOrigin::Wildcard));
    }
}
