//! Tokens as anyone might make them, good and bad.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tidings_protocol::Timestamp;

use super::SECRET;

/// A good token for the user, by the clock of the machine.
pub(crate) fn token(user: &str) -> String {
    sign(&header("HS256"), &claims(user))
}

/// A good token with a scope.
pub(crate) fn scoped(user: &str, scope: &str) -> String {
    let mut claims = claims(user);
    claims["scope"] = json!(scope);
    sign(&header("HS256"), &claims)
}

/// Good claims: an hour from now.
pub(crate) fn claims(user: &str) -> Value {
    json!({ "sub": user, "exp": now() + 3600 })
}

/// Good claims by a held clock.
pub(crate) fn claims_at(user: &str, at: Timestamp) -> Value {
    json!({ "sub": user, "exp": at.as_millis() / 1000 + 3600 })
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

pub(crate) fn header(alg: &str) -> Value {
    json!({ "alg": alg, "typ": "JWT" })
}

/// Signs by [`SECRET`] and HS256, whatever the header says.
pub(crate) fn sign(header: &Value, claims: &Value) -> String {
    sign_with(header, claims, &EncodingKey::from_secret(SECRET.as_bytes()), Algorithm::HS256)
}

/// Signs by this key and algorithm, whatever the header says.
pub(crate) fn sign_with(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

/// An issuer with one key, of Ed25519.
pub(crate) struct Issuer {
    key: EncodingKey,
    public: String,
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self { key, public: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()) }
    }

    /// What it publishes.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": self.public }] })
    }

    /// A good token for the user.
    pub(crate) fn token(&self, user: &str) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "ed" });
        sign_with(&header, &claims(user), &self.key, Algorithm::EdDSA)
    }
}

/// One part of a token.
pub(crate) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
