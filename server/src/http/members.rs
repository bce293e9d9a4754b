//! `/api/v1/rooms/{roomId}/members` and `…/participants`: who belongs to a room, and who is in it now.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use tidings_protocol::UserId;
use tidings_protocol::http::{MemberPage, ParticipantPage};
use tidings_protocol::limits::MAX_PAGE;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, cut};
use super::path::{MemberPath, RoomPath};
use crate::auth::Caller;
use crate::error::Error;
use crate::node::Node;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(list)).routes(routes!(put, remove)).routes(routes!(participants))
}

/// Which page of users.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersAfter {
    /// Only users whose id comes after this one.
    pub after: Option<UserId>,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 200)]
    pub limit: u32,
}

impl FromQuery for UsersAfter {
    fn from_query(params: &Params) -> Result<Self, Error> {
        Ok(Self { after: params.parsed("after")?, limit: params.limit(MAX_PAGE)? })
    }
}

/// List members
///
/// Of a room that the caller may read, by user id.
#[utoipa::path(get, path = "/api/v1/rooms/{roomId}/members", operation_id = "listMembers", tag = "rooms", params(RoomPath, UsersAfter), responses(
    (status = 200, description = "The page", body = MemberPage),
    (status = 403, description = "Not a room of the caller's, whether it exists or not"),
))]
async fn list(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
    Query(query): Query<UsersAfter>,
) -> Result<Json<MemberPage>, Error> {
    node.readable(&caller.principal, &path.room_id).await?;
    let page = node.store().members(&path.room_id, query.after.as_ref(), query.limit).await?;
    Ok(Json(MemberPage { members: page.items, has_more: page.has_more }))
}

/// Let a user into a room
///
/// By the room's owner. A user who is a member already stays one.
#[utoipa::path(put, path = "/api/v1/rooms/{roomId}/members/{userId}", operation_id = "putMember", tag = "rooms", params(MemberPath), responses(
    (status = 204, description = "The user is a member"),
    (status = 403, description = "Not a room of the caller's, whether it exists or not, or the caller is not its owner"),
))]
async fn put(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: MemberPath,
) -> Result<StatusCode, Error> {
    node.put_member(&caller.principal, &path.room_id, &path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put a user out of a room
///
/// By the room's owner, or by the user itself.
#[utoipa::path(delete, path = "/api/v1/rooms/{roomId}/members/{userId}", operation_id = "removeMember", tag = "rooms", params(MemberPath), responses(
    (status = 204, description = "The user is not a member"),
    (status = 403, description = "Not a room of the caller's, whether it exists or not, or the caller is neither its owner nor the user"),
))]
async fn remove(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: MemberPath,
) -> Result<StatusCode, Error> {
    node.remove_member(&caller.principal, &path.room_id, &path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List participants
///
/// Users with a session in a room that the caller may read, by user id.
#[utoipa::path(get, path = "/api/v1/rooms/{roomId}/participants", operation_id = "listParticipants", tag = "rooms", params(RoomPath, UsersAfter), responses(
    (status = 200, description = "The page", body = ParticipantPage),
    (status = 403, description = "Not a room of the caller's, whether it exists or not"),
))]
async fn participants(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
    Query(query): Query<UsersAfter>,
) -> Result<Json<ParticipantPage>, Error> {
    node.readable(&caller.principal, &path.room_id).await?;
    let wanted = query.limit as usize + 1;
    let (people, count) = node.presence().participants(&path.room_id, query.after.as_ref(), wanted);
    let (participants, has_more) = cut(people, query.limit);
    Ok(Json(ParticipantPage { participants, count: count as u64, has_more }))
}
