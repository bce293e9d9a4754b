//! What a handler asks for: [`Caller`] on a plain request, [`PageCaller`] where a page holds on to the answer (a
//! WebSocket, an event stream), which is checked for its origin first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{HeaderValue, header};
use tidings_protocol::Code;

use super::{AuthError, Authenticator, Principal, cookie};
use crate::error::Error;
use crate::limits::{Class, Client, Throttle};
use crate::origin::{self, Policy, Verdict};

/// How someone said who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// `Authorization: Bearer`.
    Bearer,
    /// `?token=`.
    Query,
    /// `?ticket=`.
    Ticket,
    /// The cookie.
    Cookie,
}

/// Who is asking, and from where.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who, and what it may do.
    pub principal: Arc<Principal>,
    /// How it said so.
    pub via: Via,
    /// From where.
    pub client: Client,
}

/// Whether a request's credential was found to count; the layer that bounds anonymous requests hands it along.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vouched(Arc<AtomicBool>);

impl Vouched {
    /// It counts.
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it counts.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The caller of a plain request.
#[derive(Clone, Debug)]
pub struct Caller(pub Authenticated);

/// The caller of a WebSocket or event stream.
#[derive(Clone, Debug)]
pub struct PageCaller(pub Authenticated);

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
    Arc<Policy>: FromRef<S>,
    Arc<Throttle>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let client = client(parts)?;
        let verdict = Arc::<Policy>::from_ref(state).judge(&parts.headers, &client);
        let caller = authenticate(&Arc::<Authenticator>::from_ref(state), parts, client, verdict).await?;
        hold(&Arc::<Throttle>::from_ref(state), parts, &caller)?;
        Ok(Self(caller))
    }
}

impl<S> FromRequestParts<S> for PageCaller
where
    S: Send + Sync,
    Arc<Authenticator>: FromRef<S>,
    Arc<Policy>: FromRef<S>,
    Arc<Throttle>: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let client = client(parts)?;
        let verdict = Arc::<Policy>::from_ref(state).judge(&parts.headers, &client);
        if verdict == Verdict::Foreign {
            return Err(AuthError::ForeignOrigin.into());
        }
        let caller = authenticate(&Arc::<Authenticator>::from_ref(state), parts, client, verdict).await?;
        hold(&Arc::<Throttle>::from_ref(state), parts, &caller)?;
        Ok(Self(caller))
    }
}

/// Who has a token is held to the bounds of its user; a program that was given a scope is not.
fn hold(throttle: &Throttle, parts: &Parts, caller: &Authenticated) -> Result<(), Error> {
    let scopes = caller.principal.scopes;
    if scopes.notify || scopes.admin {
        return Ok(());
    }
    throttle.user(&caller.principal.user_id, Class::of(&parts.method, parts.uri.path()))
}

/// Whether the request says who it is of, rightly or wrongly.
pub(crate) fn carries_credential(parts: &Parts) -> bool {
    let asks = |name| !matches!(query(parts, name), Ok(None));
    parts.headers.contains_key(header::AUTHORIZATION)
        || parts.headers.contains_key(header::COOKIE)
        || asks("token")
        || asks("ticket")
}

/// The outermost layer has put the client there.
fn client(parts: &Parts) -> Result<Client, Error> {
    parts.extensions.get::<Client>().copied().ok_or_else(|| Error::new(Code::Internal))
}

/// A credential that is there decides: another one does not stand in for it.
async fn authenticate(
    auth: &Authenticator,
    parts: &Parts,
    client: Client,
    verdict: Verdict,
) -> Result<Authenticated, Error> {
    let (principal, via) = if let Some(header) = parts.headers.get(header::AUTHORIZATION) {
        (auth.verify(bearer(header).ok_or(AuthError::Malformed)?)?, Via::Bearer)
    } else if let Some(token) = query(parts, "token")? {
        (auth.verify(&token)?, Via::Query)
    } else if let Some(ticket) = query(parts, "ticket")? {
        (auth.redeem(&ticket).await?, Via::Ticket)
    } else if let Some(token) = cookie::token(&parts.headers, auth.is_dev()) {
        if !origin::cookie_counts(verdict, &parts.headers) {
            return Err(AuthError::ForeignCookie.into());
        }
        (auth.verify(token)?, Via::Cookie)
    } else {
        return Err(AuthError::Missing.into());
    };
    if let Some(vouched) = parts.extensions.get::<Vouched>() {
        vouched.set();
    }
    Ok(Authenticated { principal: Arc::new(principal), via, client })
}

/// The token of a `Bearer` header.
pub(crate) fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A parameter of the query; empty counts as absent, twice as wrong.
fn query(parts: &Parts, name: &str) -> Result<Option<String>, AuthError> {
    let query = parts.uri.query().unwrap_or_default().as_bytes();
    let mut values = form_urlencoded::parse(query).filter(|(key, value)| key == name && !value.is_empty());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) => Ok(Some(value.into_owned())),
        (Some(_), Some(_)) => Err(AuthError::Malformed),
    }
}
