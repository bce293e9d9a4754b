//! What the targets of tokens and tickets share. One secret signs both, so that nothing but their kind tells them apart.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::Value;
use tidings_protocol::Timestamp;
use tidings_server::auth::{Authenticator, LocalUsedTickets};
use tidings_server::clock::{Clock, HeldClock};
use tidings_server::config::AuthConfig;

/// 1 January 2026, in milliseconds.
pub const NOW: i64 = 1_767_225_600_000;
/// How far clocks may differ, in milliseconds.
pub const LEEWAY: i64 = 30_000;
/// Where a strict server takes tokens from.
pub const ISSUER: &str = "https://issuer.example";
/// For whom a strict server takes them.
pub const AUDIENCE: &str = "tidings";

const SECRET: &str = "a secret of the fuzz targets, 32 bytes and more";

/// A server's own view of who is asking, at this time; a strict one wants issuer and audience.
pub fn authenticator(at: i64, strict: bool) -> (Authenticator, HeldClock) {
    let secret = Some(SecretString::from(SECRET));
    let config = AuthConfig {
        jwt_secret: secret.clone(),
        jwks_file: None,
        jwks_url: None,
        jwt_issuer: strict.then(|| ISSUER.to_owned()),
        jwt_audience: strict.then(|| AUDIENCE.to_owned()),
        jwt_leeway: Duration::from_millis(LEEWAY.unsigned_abs()),
        ticket_secret: secret,
        dev: false,
    };
    let (clock, held) = Clock::held_at(Timestamp::from_millis(at));
    let made = at_once(Authenticator::new(&config, clock, Arc::new(LocalUsedTickets::default())));
    (made.expect("a secret needs nothing from elsewhere"), held)
}

/// What a future comes to that waits for nothing.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for something"),
    }
}

/// Header and claims, whatever they are, signed with the secret.
pub fn sign(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{tag}")
}

/// A text to try. The first byte says how the rest becomes one: as it is (`0`), as claims under `header` (`1`), or as a
/// header and, after a line's end, claims (`2`).
pub fn text_of(data: &[u8], header: &str) -> Option<String> {
    let (how, rest) = data.split_first()?;
    match how % 3 {
        0 => String::from_utf8(rest.to_vec()).ok(),
        1 => Some(sign(header.as_bytes(), rest)),
        _ => {
            let end = rest.iter().position(|byte| *byte == b'\n')?;
            Some(sign(&rest[..end], &rest[end + 1..]))
        }
    }
}

/// Header and claims of a text that was taken, which therefore is one that [`sign`] makes. `None` where another reader
/// of JSON does without what it passes over.
pub fn parts(taken: &str) -> Option<(Value, Value)> {
    let parts: Vec<&str> = taken.split('.').collect();
    let [header, claims, _] = parts[..] else { panic!("not three parts: {taken}") };
    let decoded =
        [header, claims].map(|part| URL_SAFE_NO_PAD.decode(part).expect("what was taken can be decoded"));
    assert_eq!(sign(&decoded[0], &decoded[1]), taken, "taken without our signature");
    let [header, claims] = decoded.map(|part| serde_json::from_slice(&part));
    Some((header.ok()?, claims.ok()?))
}
