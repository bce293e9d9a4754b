//! `/api/v1/admin`, on the metrics listener alone: whose word counts no more, and who is connected to this node.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::routing::{delete, get, post, put};
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use tidings_protocol::limits::DEFAULT_PAGE;
use tidings_protocol::{Code, Timestamp, UserId};

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, bad};
use super::path::UserPath;
use super::rest::require;
use crate::auth::token::NumericDate;
use crate::auth::{AuthError, Authenticator, Caller, Principal, Scope, Via};
use crate::clock::later;
use crate::error::Error;
use crate::node::Node;
use crate::store::{Revocation, Subject, TokenId};

mod sessions;

/// Longest reason of a ban, in bytes.
const MAX_REASON_BYTES: usize = 1_000;

/// Makes routes and [`OPERATIONS`] of one list. The OpenAPI document, which is public, says nothing of them, so this is
/// what the table of who may do what is held against.
macro_rules! operations {
    ($($method:ident $path:literal => $handler:path,)*) => {
        /// Every operation: its method, in small letters, and its path.
        pub const OPERATIONS: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        /// The routes.
        pub fn routes() -> Router<HttpState> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

operations! {
    post "/api/v1/admin/users/{userId}/disconnect" => disconnect,
    get "/api/v1/admin/bans" => list_bans,
    get "/api/v1/admin/bans/{userId}" => show_ban,
    put "/api/v1/admin/bans/{userId}" => ban,
    delete "/api/v1/admin/bans/{userId}" => unban,
    post "/api/v1/admin/tokens/revoke" => revoke_token,
    get "/api/v1/admin/sessions" => sessions::list,
    get "/api/v1/admin/sessions/{sessionId}" => sessions::show,
}

/// A caller with a bearer token of scope `admin`: nothing that a browser sends by itself, nothing from a URL.
#[derive(Clone, Debug)]
pub struct Admin(pub Arc<Principal>);

impl FromRequestParts<HttpState> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Error> {
        let Caller(caller) = Caller::from_request_parts(parts, state).await?;
        if caller.via != Via::Bearer {
            return Err(AuthError::Missing.into());
        }
        require(&caller.principal, Scope::Admin)?;
        Ok(Self(caller.principal))
    }
}

/// A ban as it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ban {
    user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    banned_by: UserId,
    banned_at: Timestamp,
}

impl Ban {
    fn of(ban: Revocation) -> Option<Self> {
        let Subject::User(user_id) = ban.subject else { return None };
        Some(Self { user_id, until: ban.until, reason: ban.reason, banned_by: ban.by, banned_at: ban.at })
    }
}

/// A page of bans.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BanPage {
    bans: Vec<Ban>,
    has_more: bool,
}

/// How a user is banned.
#[derive(Debug, Default, Deserialize)]
struct NewBan {
    until: Option<Timestamp>,
    reason: Option<String>,
}

/// Which token counts no more.
#[derive(Debug, Deserialize)]
struct RevokedToken {
    jti: String,
    /// As in the token.
    exp: NumericDate,
}

/// Which page of a list that is in the order of users.
struct BansQuery {
    after: Option<UserId>,
    limit: u32,
}

impl FromQuery for BansQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        Ok(Self { after: params.parsed("after")?, limit: params.limit(DEFAULT_PAGE)? })
    }
}

/// Ends all sessions of a user, on every node. New ones may begin.
async fn disconnect(
    State(node): State<Arc<Node>>,
    Admin(admin): Admin,
    path: UserPath,
) -> Result<StatusCode, Error> {
    let at = node.now();
    let subject = Subject::Sessions(path.user_id.clone());
    let by = admin.user_id.clone();
    node.revoke(Revocation { subject, until: Some(at), reason: None, by, at }).await?;
    tracing::info!(by = admin.user_id.as_str(), user = path.user_id.as_str(), "sessions are ended");
    Ok(StatusCode::NO_CONTENT)
}

async fn list_bans(
    State(node): State<Arc<Node>>,
    _: Admin,
    Query(query): Query<BansQuery>,
) -> Result<Json<BanPage>, Error> {
    let page = node.bans(query.after.as_ref(), query.limit as usize).await?;
    Ok(Json(BanPage { bans: page.items.into_iter().filter_map(Ban::of).collect(), has_more: page.has_more }))
}

async fn show_ban(State(node): State<Arc<Node>>, _: Admin, path: UserPath) -> Result<Json<Ban>, Error> {
    shown(node.ban(&path.user_id).await?)
}

fn shown(ban: Revocation) -> Result<Json<Ban>, Error> {
    Ban::of(ban).map(Json).ok_or_else(|| Error::new(Code::Internal))
}

/// Bans a user, in place of a ban that stands. All its sessions end, on every node.
async fn ban(
    State(node): State<Arc<Node>>,
    Admin(admin): Admin,
    path: UserPath,
    body: Result<Json<NewBan>, Error>,
) -> Result<Json<Ban>, Error> {
    let Json(new) = body?;
    let at = node.now();
    if new.until.is_some_and(|until| until <= at) {
        return Err(bad("until", "must lie in the future"));
    }
    if new.reason.as_ref().is_some_and(|reason| reason.len() > MAX_REASON_BYTES) {
        return Err(bad("reason", format!("must be at most {MAX_REASON_BYTES} bytes")));
    }
    if path.user_id == admin.user_id {
        return Err(Error::new(Code::Conflict).detail("a ban of oneself could not be lifted again"));
    }
    let ban = Revocation {
        subject: Subject::User(path.user_id.clone()),
        until: new.until,
        reason: new.reason,
        by: admin.user_id.clone(),
        at,
    };
    node.revoke(ban.clone()).await?;
    tracing::info!(by = admin.user_id.as_str(), user = path.user_id.as_str(), "a user is banned");
    shown(ban)
}

async fn unban(
    State(node): State<Arc<Node>>,
    Admin(admin): Admin,
    path: UserPath,
) -> Result<StatusCode, Error> {
    node.restore(Subject::User(path.user_id.clone())).await?;
    tracing::info!(by = admin.user_id.as_str(), user = path.user_id.as_str(), "a ban is lifted");
    Ok(StatusCode::NO_CONTENT)
}

/// From now on the token counts no more, and the sessions that stand on it end.
async fn revoke_token(
    State(node): State<Arc<Node>>,
    State(auth): State<Arc<Authenticator>>,
    Admin(admin): Admin,
    body: Result<Json<RevokedToken>, Error>,
) -> Result<StatusCode, Error> {
    let Json(token) = body?;
    if token.jti.is_empty() {
        return Err(bad("jti", "must not be empty"));
    }
    let at = node.now();
    // A token counts a little longer than it says.
    let until = later(token.exp.timestamp(), auth.leeway());
    if until <= at {
        return Err(bad("exp", "must be that of the token, which has not ended yet"));
    }
    let subject = Subject::Token(TokenId::of(&token.jti));
    let by = admin.user_id.clone();
    node.revoke(Revocation { subject, until: Some(until), reason: None, by, at }).await?;
    tracing::info!(by = admin.user_id.as_str(), "a token is revoked");
    Ok(StatusCode::NO_CONTENT)
}
