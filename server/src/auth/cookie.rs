//! The cookie of a browser's own page: it holds the token, where no script can read it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::MAX_TOKEN_BYTES;

/// Browsers keep no cookie longer than this, name and value together (RFC 6265bis §5.6).
const MAX_COOKIE_BYTES: usize = 4096;

/// The cookie's name. `__Host-` binds it to this host and to https, which development does not have.
#[must_use]
pub const fn name(dev: bool) -> &'static str {
    if dev { "tidings" } else { "__Host-tidings" }
}

/// The token in the request's cookie. Two cookies of the name: none counts.
#[must_use]
pub fn token(headers: &HeaderMap, dev: bool) -> Option<&str> {
    let name = name(dev);
    let mut tokens = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, value)| *key == name && value.len() <= MAX_TOKEN_BYTES)
        .map(|(_, value)| value);
    tokens.next().filter(|_| tokens.next().is_none())
}

/// The header that sets the cookie; `None` where the token is too long for one.
#[must_use]
pub fn set(token: &str, max_age: Duration, dev: bool) -> Option<HeaderValue> {
    let name = name(dev);
    if name.len() + token.len() >= MAX_COOKIE_BYTES {
        return None;
    }
    let value = format!("{name}={token}; Path=/; Max-Age={}; {}", max_age.as_secs(), attributes(dev));
    HeaderValue::try_from(value).ok()
}

/// The header that ends the cookie.
#[must_use]
pub fn clear(dev: bool) -> HeaderValue {
    HeaderValue::try_from(format!("{}=; Path=/; Max-Age=0; {}", name(dev), attributes(dev)))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

const fn attributes(dev: bool) -> &'static str {
    if dev { "HttpOnly; SameSite=Strict" } else { "Secure; HttpOnly; SameSite=Strict" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_no_cookie() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=b; __Host-tidings=t.o.k; tidings=x"));
        assert_eq!(token(&headers, false), Some("t.o.k"));
        assert_eq!(token(&headers, true), Some("x"));
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-tidings=other"));
        assert_eq!(token(&headers, false), None);
    }

    #[test]
    fn outside_development_the_cookie_is_bound_to_https() {
        let set = set("t", Duration::from_secs(60), false).unwrap();
        assert_eq!(set, "__Host-tidings=t; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict");
        assert!(super::set(&"t".repeat(4096), Duration::from_secs(60), false).is_none());
    }
}
