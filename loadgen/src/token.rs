//! Tokens for a server whose secret is ours.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::error::Error;

/// How long they count: longer than any run.
const LIFE_SECONDS: i64 = 6 * 60 * 60;

/// What every secret begins with, so that one is known wherever it stands.
pub const MARK: &str = "secret-of-the-generator-";

/// The secret, as the server and its tokens know it.
pub struct Secret(String);

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
}

impl Secret {
    /// A fresh one.
    pub fn random() -> Self {
        let random: String = (0..4).map(|_| format!("{:016x}", fastrand::u64(..))).collect();
        Self(format!("{MARK}{random}"))
    }

    /// For the server's environment.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A token for a user.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token(&self, user: &str) -> Result<String, Error> {
        self.token_for(user, None)
    }

    /// A token for a user, with a scope.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token_for(&self, user: &str, scope: Option<&str>) -> Result<String, Error> {
        self.sign(&Claims { sub: user, exp: end_of_life(), scope, jti: None })
    }

    /// A token for a user with an id of its own, and the second since 1970 at which it ends.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token_named(&self, user: &str, jti: &str) -> Result<(String, i64), Error> {
        let exp = end_of_life();
        Ok((self.sign(&Claims { sub: user, exp, scope: None, jti: Some(jti) })?, exp))
    }

    /// A token for a user that ends at this second since 1970.
    ///
    /// # Errors
    /// The token cannot be made.
    pub fn token_until(&self, user: &str, end: i64) -> Result<String, Error> {
        self.sign(&Claims { sub: user, exp: end, scope: None, jti: None })
    }

    fn sign(&self, claims: &Claims<'_>) -> Result<String, Error> {
        let key = EncodingKey::from_secret(self.0.as_bytes());
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)?)
    }
}

fn end_of_life() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(now).unwrap_or(0) + LIFE_SECONDS
}
