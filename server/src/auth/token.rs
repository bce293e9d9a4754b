//! Tokens: what they must say (RFC 7519, with the care of RFC 8725), and how ours are made.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use tidings_protocol::limits::MAX_NAME_BYTES;
use tidings_protocol::{Timestamp, UserId};

use super::keys::KeySet;
use super::principal::{Principal, RoomAccess, RoomPattern, Scopes};
use super::{AuthError, MAX_TOKEN_BYTES};
use crate::clock::later;
use crate::config::AuthConfig;
use crate::store::TokenId;

/// Header fields that would tell us where the key is, or that we must understand: none counts here.
const REFUSED_HEADERS: [&str; 5] = ["jku", "jwk", "x5u", "x5c", "crit"];

/// What every token is held against.
#[derive(Clone, Debug)]
pub struct Rules {
    issuer: Option<String>,
    audience: Option<String>,
    leeway: Duration,
}

impl Rules {
    /// As the settings say.
    #[must_use]
    pub fn new(config: &AuthConfig) -> Self {
        Self {
            issuer: config.jwt_issuer.clone(),
            audience: config.jwt_audience.clone(),
            leeway: config.jwt_leeway,
        }
    }

    pub(super) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    pub(super) fn audience(&self) -> Option<&str> {
        self.audience.as_deref()
    }

    pub(super) const fn leeway(&self) -> Duration {
        self.leeway
    }
}

/// Checks a token by the keys and rules.
///
/// # Errors
/// Why it does not count.
pub fn verify(token: &str, keys: &KeySet, rules: &Rules, now: Timestamp) -> Result<Principal, AuthError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(AuthError::TooLong);
    }
    let header = header(token)?;
    let typ_fits = header
        .typ
        .as_deref()
        .is_none_or(|typ| ["jwt", "at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known)));
    if !typ_fits {
        return Err(AuthError::Malformed);
    }
    let key = keys.find(header.alg, header.kid.as_deref()).ok_or(AuthError::UnknownKey)?;
    let claims: Claims = decode(token, &key.key, key.algorithm)?;
    claims.principal(rules, now)
}

/// The parts of a header that we go by.
pub(super) struct TokenHeader {
    pub(super) alg: Algorithm,
    pub(super) typ: Option<String>,
    kid: Option<String>,
}

/// Reads a header, which nobody has signed yet.
pub(super) fn header(token: &str) -> Result<TokenHeader, AuthError> {
    let first = token.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(first).map_err(|_| AuthError::Malformed)?;
    let fields: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| AuthError::Malformed)?;
    if REFUSED_HEADERS.iter().any(|name| fields.contains_key(*name)) {
        return Err(AuthError::Malformed);
    }
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Err(AuthError::Malformed)
        }
    };
    let alg = text("alg")?.ok_or(AuthError::Malformed)?.parse().map_err(|_| AuthError::Signature)?;
    Ok(TokenHeader { alg, typ: text("typ")?, kid: text("kid")? })
}

/// Checks the signature by one key and one algorithm, and reads the claims.
pub(super) fn decode<T: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<T, AuthError> {
    use jsonwebtoken::errors::ErrorKind;
    // The claims are checked by us, by our clock and strictly by type.
    let mut only_signature = Validation::new(algorithm);
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    only_signature.required_spec_claims.clear();
    match jsonwebtoken::decode::<T>(token, key, &only_signature) {
        Ok(token) => Ok(token.claims),
        Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm) => {
            Err(AuthError::Signature)
        }
        Err(_) => Err(AuthError::Malformed),
    }
}

/// A moment in seconds since 1970, with a fraction if need be (RFC 7519 §2).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct NumericDate(f64);

/// Whole seconds are written as such: many readers take nothing else.
impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl NumericDate {
    fn of(at: Timestamp) -> Self {
        // Milliseconds of any year fit a double's 53 bits.
        Self(at.as_millis() as f64 / 1000.0)
    }

    /// The moment.
    pub(crate) fn timestamp(self) -> Timestamp {
        // A double is seldom a whole millisecond. Its cast saturates, and a timestamp is clamped to years with a name.
        Timestamp::from_millis((self.0 * 1000.0).round() as i64)
    }
}

/// The claims that count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    sub: UserId,
    exp: NumericDate,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    nbf: Option<NumericDate>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    aud: Option<OneOrMore>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::More(more) => more.iter().any(|one| one == wanted),
        }
    }
}

/// A claim that is there must be of its type: `null` does not stand for an absent one.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl Claims {
    /// The two claims that must be there.
    #[must_use]
    pub fn new(sub: &UserId, expires_at: Timestamp) -> Self {
        Self {
            sub: sub.clone(),
            exp: NumericDate::of(expires_at),
            nbf: None,
            iss: None,
            aud: None,
            jti: None,
            name: None,
            scope: None,
            rooms: None,
        }
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: Option<&str>) -> Self {
        self.name = name.map(str::to_owned);
        self
    }

    /// Sets the scope.
    #[must_use]
    pub fn scope(mut self, scope: Option<&str>) -> Self {
        self.scope = scope.map(str::to_owned);
        self
    }

    /// Sets the rooms.
    #[must_use]
    pub fn rooms(mut self, rooms: Option<&[String]>) -> Self {
        self.rooms = rooms.map(<[String]>::to_vec);
        self
    }

    /// Sets issuer and audience.
    #[must_use]
    pub fn place(mut self, issuer: Option<&str>, audience: Option<&str>) -> Self {
        self.iss = issuer.map(str::to_owned);
        self.aud = audience.map(|aud| OneOrMore::One(aud.to_owned()));
        self
    }

    /// The claims that say again what a principal may.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let rooms = match &principal.rooms {
            RoomAccess::ByMembership => None,
            RoomAccess::Only(patterns) => Some(patterns.iter().map(|p| p.as_str().to_owned()).collect()),
        };
        Self {
            name: principal.name.clone(),
            scope: principal.scopes.to_claim(),
            rooms,
            ..Self::new(&principal.user_id, principal.expires_at)
        }
    }

    fn principal(self, rules: &Rules, now: Timestamp) -> Result<Principal, AuthError> {
        let expires_at = self.exp.timestamp();
        if now >= later(expires_at, rules.leeway) {
            return Err(AuthError::Expired);
        }
        if self.nbf.is_some_and(|nbf| nbf.timestamp() > later(now, rules.leeway)) {
            return Err(AuthError::NotYet);
        }
        if rules.issuer.is_some() && self.iss != rules.issuer {
            return Err(AuthError::Issuer);
        }
        if let Some(wanted) = &rules.audience
            && !self.aud.as_ref().is_some_and(|aud| aud.has(wanted))
        {
            return Err(AuthError::Audience);
        }
        Ok(self.into_principal())
    }

    /// What the claims say, once they are known to count.
    pub(super) fn into_principal(self) -> Principal {
        let name = self.name.map(bounded).filter(|name| !name.is_empty());
        Principal {
            user_id: self.sub,
            name,
            scopes: Scopes::parse(self.scope.as_deref().unwrap_or_default()),
            rooms: match self.rooms {
                None => RoomAccess::ByMembership,
                Some(rooms) => RoomAccess::Only(rooms.into_iter().map(RoomPattern::new).collect()),
            },
            token_id: self.jti.as_deref().map(TokenId::of),
            expires_at: self.exp.timestamp(),
        }
    }
}

/// A name as long as the contract has it, without what would break a line.
fn bounded(name: String) -> String {
    let mut name: String = name.chars().filter(|c| !c.is_control()).collect();
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name.trim().to_owned()
}
