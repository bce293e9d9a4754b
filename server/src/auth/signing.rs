//! Keys of our own.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::SecretString;
use serde::Serialize;

use super::expose;
use crate::random;

/// A key of our own, to sign with and to check with.
pub struct SigningKey {
    sign: EncodingKey,
    /// The other half.
    pub verify: DecodingKey,
}

impl SigningKey {
    /// Of a secret.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        Self::of(expose(secret))
    }

    /// Of a secret, for one purpose: what is signed for one does not count for another.
    #[must_use]
    pub fn derived(secret: &SecretString, purpose: &str) -> Self {
        let key = EncodingKey::from_secret(expose(secret));
        match jsonwebtoken::crypto::sign(purpose.as_bytes(), &key, Algorithm::HS256) {
            Ok(derived) => Self::of(derived.as_bytes()),
            // An HMAC takes any key; without one, a key that nobody knows is the safe answer.
            Err(_) => Self::new(&random::secret()),
        }
    }

    fn of(secret: &[u8]) -> Self {
        Self { sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret) }
    }

    /// Signs claims as a compact JWT of this type.
    ///
    /// # Errors
    /// The claims are no JSON object.
    pub fn sign(&self, kind: &str, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { typ: Some(kind.to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, &self.sign)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey([REDACTED])")
    }
}
