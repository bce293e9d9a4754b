//! Tickets, the development sign-in, and the cookie of a browser's own page.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use tidings_protocol::Code;
use tidings_protocol::http::{Login, Ticket, Token};

use super::json::Json;
use crate::auth::{AuthError, Authenticator, Caller, Via, cookie, extract};
use crate::clock::until;
use crate::error::Error;
use crate::limits::Client;
use crate::origin::{Policy, Verdict};

/// Make a ticket
#[utoipa::path(post, path = "/api/v1/auth/ticket", tag = "auth", responses(
    (status = 200, description = "A stand-in for the token in a URL: single use, 30 s", body = Ticket),
    (status = 401, description = "No token that counts"),
))]
pub async fn ticket(
    State(auth): State<Arc<Authenticator>>,
    Caller(caller): Caller,
) -> Result<Json<Ticket>, Error> {
    if caller.via == Via::Ticket {
        return Err(Error::new(Code::Forbidden).detail("a ticket makes no tickets"));
    }
    auth.ticket(&caller.principal).map(Json)
}

/// Sign in by name
#[utoipa::path(post, path = "/api/v1/auth/login", security(()), tag = "auth", request_body = Login, responses(
    (status = 200, description = "A token for that name; only with `--dev`", body = Token),
    (status = 403, description = "A page of another origin asks"),
    (status = 404, description = "Not a development server"),
))]
pub async fn login(
    State(auth): State<Arc<Authenticator>>,
    State(policy): State<Arc<Policy>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    body: Result<Json<Login>, Error>,
) -> Result<Json<Token>, Error> {
    if !auth.is_dev() {
        return Err(Error::new(Code::NotFound));
    }
    if policy.judge(&headers, &client) == Verdict::Foreign || !is_local_name(&headers) {
        return Err(AuthError::ForeignOrigin.into());
    }
    let Json(login) = body?;
    let (token, expires_at) = auth.login(&login.user_id, login.name.as_deref())?;
    Ok(Json(Token { token, expires_at }))
}

/// A page whose own name was made to point at this machine counts as same-origin (DNS rebinding), so a name
/// that the world can register opens no development server.
fn is_local_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    if host.starts_with('[') {
        return true;
    }
    let name = host.split(':').next().unwrap_or_default();
    !name.contains('.') || name.ends_with(".localhost") || name.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Put the token into a cookie
#[utoipa::path(post, path = "/api/v1/auth/session", security(("bearer" = [])), tag = "auth", responses(
    (status = 204, description = "The token is now in a cookie that no script can read"),
    (status = 401, description = "No bearer token that counts"),
    (status = 403, description = "A page of another origin asks"),
))]
pub async fn open_session(
    State(auth): State<Arc<Authenticator>>,
    State(policy): State<Arc<Policy>>,
    headers: HeaderMap,
    Caller(caller): Caller,
) -> Result<Response, Error> {
    refuse_foreign(&policy, &headers, &caller.client)?;
    // A credential in a header decides, so that this is the one that was checked.
    let token = headers.get(header::AUTHORIZATION).ok_or(AuthError::Missing)?;
    let token = extract::bearer(token).ok_or(AuthError::Malformed)?;
    let max_age = until(auth.clock().now(), caller.principal.expires_at);
    let cookie = cookie::set(token, max_age, auth.is_dev()).ok_or_else(|| {
        Error::new(Code::Limit).detail("the token is too long for a cookie; use it as a bearer token")
    })?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// End the cookie
#[utoipa::path(delete, path = "/api/v1/auth/session", security(()), tag = "auth", responses(
    (status = 204, description = "The cookie is gone"),
    (status = 403, description = "A page of another origin asks"),
))]
pub async fn close_session(
    State(auth): State<Arc<Authenticator>>,
    State(policy): State<Arc<Policy>>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    refuse_foreign(&policy, &headers, &client)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::clear(auth.is_dev()))]).into_response())
}

/// A page of another origin must neither sign somebody in here nor out.
fn refuse_foreign(policy: &Policy, headers: &HeaderMap, client: &Client) -> Result<(), Error> {
    match policy.judge(headers, client) {
        Verdict::Own | Verdict::Absent => Ok(()),
        Verdict::Listed | Verdict::Foreign => Err(AuthError::ForeignOrigin.into()),
    }
}
