//! A JWKS (RFC 7517): public keys, each pinned to the one algorithm that it counts for.

use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::SecretString;
use serde_json::Value;

use crate::auth::expose;

/// Shortest RSA modulus, in bytes (2048 bits).
const MIN_RSA_BYTES: usize = 256;

/// Why a set of keys does not do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The address does not answer as it should.
    #[error("cannot be fetched: {0}")]
    Unreachable(String),
    /// It holds something else.
    #[error("is no JWKS: it must be a JSON object with a list \"keys\"")]
    Shape,
    /// The file holds what must not leave its issuer.
    #[error("key {0} is a private or symmetric one; only public keys belong here")]
    Private(String),
    /// An RSA key is too short.
    #[error("key {0} is an RSA key of less than 2048 bits")]
    Weak(String),
    /// A key is broken.
    #[error("key {0} cannot be read")]
    Broken(String),
    /// None can be used.
    #[error("holds no key for RS256, ES256 or EdDSA")]
    Empty,
}

/// One key with the only algorithm that it counts for.
#[derive(Debug)]
pub struct Key {
    kid: Option<String>,
    /// The only algorithm.
    pub algorithm: Algorithm,
    /// The key.
    pub key: DecodingKey,
}

/// Keys that stand together.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    pub(super) fn with_secret(mut self, secret: &SecretString) -> Self {
        let key = DecodingKey::from_secret(expose(secret));
        self.keys.push(Key { kid: None, algorithm: Algorithm::HS256, key });
        self
    }

    /// The key for a token: that of its `kid`, else the only one of its algorithm that has no name.
    /// A token that names none takes the only one of its algorithm.
    #[must_use]
    pub fn find(&self, algorithm: Algorithm, kid: Option<&str>) -> Option<&Key> {
        let fitting = || self.keys.iter().filter(|key| key.algorithm == algorithm);
        if let Some(kid) = kid
            && let Some(named) = fitting().find(|key| key.kid.as_deref() == Some(kid))
        {
            return Some(named);
        }
        let mut candidates = fitting().filter(|key| kid.is_none() || key.kid.is_none());
        candidates.next().filter(|_| candidates.next().is_none())
    }
}

/// Reads a JWKS file.
///
/// # Errors
/// Why it does not do.
pub fn read(path: &Path) -> Result<KeySet, KeyError> {
    parse(&std::fs::read_to_string(path)?)
}

/// Reads the text of a JWKS.
///
/// # Errors
/// Why it does not do.
pub fn parse(text: &str) -> Result<KeySet, KeyError> {
    let file: Value = serde_json::from_str(text).map_err(|_| KeyError::Shape)?;
    let list = file.get("keys").and_then(Value::as_array).ok_or(KeyError::Shape)?;
    let mut keys = Vec::new();
    for (place, jwk) in list.iter().enumerate() {
        keys.extend(key(jwk, place)?);
    }
    if keys.is_empty() { Err(KeyError::Empty) } else { Ok(KeySet { keys }) }
}

/// One entry of the list; `None` where it is for something else (RFC 7517 §5 says to pass over it).
fn key(jwk: &Value, place: usize) -> Result<Option<Key>, KeyError> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let name = || text("kid").map_or_else(|| format!("number {}", place + 1), |kid| format!("\"{kid}\""));
    if jwk.get("d").is_some() || jwk.get("k").is_some() {
        return Err(KeyError::Private(name()));
    }
    if text("use").is_some_and(|usage| usage != "sig") {
        return Ok(None);
    }
    let algorithm = match (text("kty"), text("crv"), text("alg")) {
        (Some("RSA"), _, None | Some("RS256")) => Algorithm::RS256,
        (Some("EC"), Some("P-256"), None | Some("ES256")) => Algorithm::ES256,
        (Some("OKP"), Some("Ed25519"), None | Some("EdDSA" | "Ed25519")) => Algorithm::EdDSA,
        _ => return Ok(None),
    };
    if algorithm == Algorithm::RS256 {
        let modulus = text("n").and_then(|n| URL_SAFE_NO_PAD.decode(n).ok()).unwrap_or_default();
        if modulus.iter().skip_while(|byte| **byte == 0).count() < MIN_RSA_BYTES {
            return Err(KeyError::Weak(name()));
        }
    }
    let key = serde_json::from_value::<Jwk>(public_part(jwk))
        .ok()
        .and_then(|jwk| DecodingKey::from_jwk(&jwk).ok())
        .ok_or_else(|| KeyError::Broken(name()))?;
    Ok(Some(Key { kid: text("kid").map(str::to_owned), algorithm, key }))
}

/// What the key is made of, without what only describes it.
fn public_part(jwk: &Value) -> Value {
    let fields = ["kty", "crv", "n", "e", "x", "y"];
    Value::Object(fields.iter().filter_map(|f| Some(((*f).to_owned(), jwk.get(*f)?.clone()))).collect())
}
