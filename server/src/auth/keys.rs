//! What tokens are checked with: one secret, or a file of public keys, each pinned to one algorithm.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use parking_lot::RwLock;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use super::expose;
use crate::config::{AuthConfig, ConfigError};

/// Shortest RSA modulus, in bytes (2048 bits).
const MIN_RSA_BYTES: usize = 256;

/// Why a key file does not do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file holds something else.
    #[error("is no JWKS: it must be a JSON object with a list \"keys\"")]
    Shape,
    /// The file holds what must not leave its issuer.
    #[error("key {0} is a private or symmetric one; put only public keys into the file")]
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
    fn with_secret(mut self, secret: &SecretString) -> Self {
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

fn parse(text: &str) -> Result<KeySet, KeyError> {
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

/// The keys of now, and the file that they come from.
#[derive(Debug)]
pub struct Keys {
    current: RwLock<Arc<KeySet>>,
    file: Option<KeyFile>,
}

#[derive(Debug)]
struct KeyFile {
    path: PathBuf,
    read_at: RwLock<Option<SystemTime>>,
    dev: Option<SecretString>,
}

impl Keys {
    /// The keys that the settings name; `dev` is the development sign-in's own.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn new(config: &AuthConfig, dev: Option<&SecretString>) -> Result<Self, ConfigError> {
        if let Some(path) = &config.jwks_file {
            let file = KeyFile { path: path.clone(), read_at: RwLock::default(), dev: dev.cloned() };
            let set = file.read().map_err(|source| ConfigError::Keys { path: path.clone(), source })?;
            return Ok(Self { current: RwLock::new(Arc::new(set)), file: Some(file) });
        }
        let set = match config.jwt_secret.as_ref().or(dev) {
            Some(secret) => KeySet::default().with_secret(secret),
            None => return Err(ConfigError::NoKey),
        };
        Ok(Self { current: RwLock::new(Arc::new(set)), file: None })
    }

    /// The keys of now.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.current.read())
    }

    /// Reads the file again where it has changed.
    pub fn refresh(&self) {
        let Some(file) = self.file.as_ref().filter(|file| file.has_changed()) else { return };
        match file.read() {
            Ok(set) => {
                tracing::info!(file = %file.path.display(), "keys read again");
                *self.current.write() = Arc::new(set);
            }
            Err(error) => {
                tracing::error!(file = %file.path.display(), %error, "key file does not do, the old keys stay");
            }
        }
    }
}

impl KeyFile {
    fn read(&self) -> Result<KeySet, KeyError> {
        *self.read_at.write() = self.changed_at();
        let set = read(&self.path)?;
        Ok(match &self.dev {
            Some(secret) => set.with_secret(secret),
            None => set,
        })
    }

    fn changed_at(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.path).and_then(|meta| meta.modified()).ok()
    }

    fn has_changed(&self) -> bool {
        self.changed_at() != *self.read_at.read()
    }
}

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
            Err(_) => Self::new(&random_secret()),
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

/// A secret that nobody knows.
#[must_use]
pub fn random_secret() -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(random_bytes::<32>()))
}

/// Random bytes of the operating system.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without random numbers every secret could be guessed: there is no safe way on.
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}
