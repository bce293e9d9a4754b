//! Whose address counts: the peer's own, or what a trusted proxy says about it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::origin::Scheme;

/// The other end of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub addr: SocketAddr,
}

/// Who a request comes from, proxies looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address.
    pub ip: IpAddr,
    /// Whether a trusted proxy stands between: then the connection's own permit does not count for this
    /// address, and a session takes one.
    pub proxied: bool,
    /// The scheme that the client used.
    pub scheme: Scheme,
}

/// The proxies whose word about a client counts.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether the address is a trusted proxy's.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.networks.iter().any(|net| net.contains(&ip))
    }

    /// Who a request of `peer` comes from. Of `X-Forwarded-For` the rightmost address counts that is not
    /// itself a trusted proxy's: what stands to the left of it, the client may have written.
    #[must_use]
    pub fn client(&self, peer: Peer, headers: &HeaderMap) -> Client {
        let peer_ip = peer.addr.ip().to_canonical();
        if !self.contains(peer_ip) {
            return Client { ip: peer_ip, proxied: false, scheme: Scheme::Http };
        }
        let scheme = match last(headers, "x-forwarded-proto") {
            Some(proto) if proto.eq_ignore_ascii_case("https") => Scheme::Https,
            Some(_) | None => Scheme::Http,
        };
        let mut ip = peer_ip;
        for hop in hops_from_the_right(headers) {
            let Some(hop) = hop else { break };
            ip = hop;
            if !self.contains(hop) {
                break;
            }
        }
        Client { ip, proxied: true, scheme }
    }
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim)
}

fn hops_from_the_right(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    headers
        .get_all("x-forwarded-for")
        .iter()
        .rev()
        .flat_map(|line| HeaderValue::to_str(line).unwrap_or("unreadable").rsplit(','))
        .map(|hop| hop_ip(hop.trim()))
}

/// An address, also with a port or in brackets, as some proxies write it.
fn hop_ip(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(hop);
    bare.parse::<IpAddr>()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|addr| addr.ip()))
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> IpAddr {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        proxies.client(Peer { addr: peer.parse().unwrap() }, &headers).ip
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_untrusted_peers_word_does_not_count() {
        assert_eq!(client("203.0.113.9:1", &["1.2.3.4"]), ip("203.0.113.9"));
    }

    #[test]
    fn the_rightmost_untrusted_address_counts() {
        assert_eq!(client("10.0.0.1:1", &["1.2.3.4, 198.51.100.7, 10.0.0.2"]), ip("198.51.100.7"));
        assert_eq!(client("10.0.0.1:1", &["1.2.3.4", "198.51.100.7"]), ip("198.51.100.7"));
        assert_eq!(client("[::1]:1", &["2001:db8::7"]), ip("2001:db8::7"));
        assert_eq!(client("10.0.0.1:1", &["198.51.100.7:4711"]), ip("198.51.100.7"));
        assert_eq!(client("[::ffff:10.0.0.1]:1", &["198.51.100.7"]), ip("198.51.100.7"));
    }

    #[test]
    fn what_cannot_be_read_hides_what_stands_left_of_it() {
        assert_eq!(client("10.0.0.1:1", &["1.2.3.4, unknown, 10.0.0.2"]), ip("10.0.0.2"));
        assert_eq!(client("10.0.0.1:1", &[]), ip("10.0.0.1"));
    }
}
