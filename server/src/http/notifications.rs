//! `/api/v1/notifications`: sending by programs that may, and the caller's own with their read state.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use tidings_protocol::Code;
use tidings_protocol::entity::{Broadcast, Notification};
use tidings_protocol::http::{NotificationPage, NotificationStatus, SendBroadcast, SendNotification};
use tidings_protocol::limits::{DEFAULT_PAGE, MAX_IDENTIFIER_BYTES};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, bad};
use super::path::NotificationPath;
use super::rest::require;
use crate::auth::{Caller, Scope};
use crate::error::Error;
use crate::node::Node;
use crate::store::{Which, Written};

/// Most users that the status lists.
const LISTED: usize = 1_000;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default()
        .routes(routes!(send))
        .routes(routes!(broadcast))
        .routes(routes!(status))
        .routes(routes!(list, delete_all))
        .routes(routes!(read))
        .routes(routes!(read_all))
        .routes(routes!(delete))
}

/// Notify a user
///
/// Scope `notify`. Stored, and then delivered at once or when the user comes. The same `id` sends once.
#[utoipa::path(post, path = "/api/v1/notifications/send", operation_id = "sendNotification", tag = "notifications", request_body = SendNotification, responses(
    (status = 200, description = "The stored notification, also where the same `id` had made it before", body = Notification),
    (status = 403, description = "The token lacks the scope `notify`"),
    (status = 409, description = "The `id` was used for something else"),
))]
async fn send(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    body: Result<Json<SendNotification>, Error>,
) -> Result<Json<Notification>, Error> {
    require(&caller.principal, Scope::Notify)?;
    let Json(new) = body?;
    let Written::Notified { notification, .. } = node.notify(&caller.principal, new).await? else {
        return Err(Code::Internal.into());
    };
    Ok(Json(*notification))
}

/// Notify everybody
///
/// Scope `notify`. Stored, so that who is away gets it later. The same `id` sends once.
#[utoipa::path(post, path = "/api/v1/notifications/broadcast", operation_id = "sendBroadcast", tag = "notifications", request_body = SendBroadcast, responses(
    (status = 200, description = "The stored broadcast, also where the same `id` had made it before", body = Broadcast),
    (status = 403, description = "The token lacks the scope `notify`"),
    (status = 409, description = "The `id` was used for something else"),
))]
async fn broadcast(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    body: Result<Json<SendBroadcast>, Error>,
) -> Result<Json<Broadcast>, Error> {
    require(&caller.principal, Scope::Notify)?;
    let Json(new) = body?;
    let Written::Broadcast { broadcast, .. } = node.broadcast(&caller.principal, new).await? else {
        return Err(Code::Internal.into());
    };
    Ok(Json(*broadcast))
}

/// See who is connected
///
/// Scope `admin`.
#[utoipa::path(get, path = "/api/v1/notifications/status", operation_id = "notificationStatus", tag = "notifications", responses(
    (status = 200, description = "How many and who, the first 1,000", body = NotificationStatus),
    (status = 403, description = "The token lacks the scope `admin`"),
))]
async fn status(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
) -> Result<Json<NotificationStatus>, Error> {
    require(&caller.principal, Scope::Admin)?;
    let (users, connected_users) = node.presence().connected(LISTED);
    let nodes = node.presence().nodes();
    Ok(Json(NotificationStatus { connected_users: connected_users as u64, users, nodes }))
}

/// Which page of notifications.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NotificationsQuery {
    /// Only unread ones.
    #[param(value_type = Option<bool>, default = false)]
    pub unread: bool,
    /// Only those older than this one.
    #[param(max_length = 128)]
    pub before: Option<String>,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 50)]
    pub limit: u32,
}

impl FromQuery for NotificationsQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let before = params.text("before")?;
        if before.is_some_and(|id| id.len() > MAX_IDENTIFIER_BYTES) {
            return Err(bad("before", format!("must be at most {MAX_IDENTIFIER_BYTES} bytes")));
        }
        Ok(Self {
            unread: params.flag("unread")?,
            before: before.map(str::to_owned),
            limit: params.limit(DEFAULT_PAGE)?,
        })
    }
}

/// List the caller's notifications
///
/// Newest first, with how many of all are unread.
#[utoipa::path(get, path = "/api/v1/notifications", operation_id = "listNotifications", tag = "notifications", params(NotificationsQuery), responses(
    (status = 200, description = "The page", body = NotificationPage),
))]
async fn list(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    Query(query): Query<NotificationsQuery>,
) -> Result<Json<NotificationPage>, Error> {
    let user = &caller.principal.user_id;
    let (page, unread_count) =
        node.store().notifications(user, query.unread, query.before.as_deref(), query.limit).await?;
    Ok(Json(NotificationPage { notifications: page.items, unread_count, has_more: page.has_more }))
}

/// Mark a notification read
///
/// On all of the caller's devices.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/read", operation_id = "readNotification", tag = "notifications", params(NotificationPath), responses(
    (status = 204, description = "It is read"),
    (status = 404, description = "The caller has no such notification"),
))]
async fn read(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: NotificationPath,
) -> Result<StatusCode, Error> {
    node.notifications_read(caller.principal.user_id.clone(), Which::One(path.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mark all of the caller's notifications read
#[utoipa::path(post, path = "/api/v1/notifications/read-all", operation_id = "readAllNotifications", tag = "notifications", responses(
    (status = 204, description = "They are read"),
))]
async fn read_all(State(node): State<Arc<Node>>, Caller(caller): Caller) -> Result<StatusCode, Error> {
    node.notifications_read(caller.principal.user_id.clone(), Which::All).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a notification
#[utoipa::path(delete, path = "/api/v1/notifications/{id}", operation_id = "deleteNotification", tag = "notifications", params(NotificationPath), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "The caller has no such notification"),
))]
async fn delete(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: NotificationPath,
) -> Result<StatusCode, Error> {
    node.notifications_delete(caller.principal.user_id.clone(), Which::One(path.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete all of the caller's notifications
#[utoipa::path(delete, path = "/api/v1/notifications", operation_id = "deleteAllNotifications", tag = "notifications", responses(
    (status = 204, description = "They are gone"),
))]
async fn delete_all(State(node): State<Arc<Node>>, Caller(caller): Caller) -> Result<StatusCode, Error> {
    node.notifications_delete(caller.principal.user_id.clone(), Which::All).await?;
    Ok(StatusCode::NO_CONTENT)
}
