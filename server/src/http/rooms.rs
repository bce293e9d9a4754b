//! `/api/v1/rooms`: the caller's rooms and the public ones; making, seeing and changing one.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use tidings_protocol::entity::Room;
use tidings_protocol::http::{CreateRoom, RoomPage, UpdateRoom};
use tidings_protocol::limits::DEFAULT_PAGE;
use tidings_protocol::{Code, RoomId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, bad};
use super::path::RoomPath;
use super::rest::reach;
use crate::auth::{Caller, Principal};
use crate::error::Error;
use crate::node::Node;
use crate::store::{HistoryPage, Page, RoomRecord};

/// Most members that a room may be created with. More come in one by one.
const MAX_FIRST_MEMBERS: usize = 10_000;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(list, create)).routes(routes!(show, update))
}

/// Which rooms are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Listed {
    /// Those that the caller is a member of, direct ones too.
    Mine,
    /// Those that everybody may join.
    Public,
}

/// Which page of which rooms.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoomsQuery {
    /// `mine`, as where it is left out, are those that the caller is a member of, `public` those that everybody may
    /// join.
    #[param(value_type = Option<Listed>, inline)]
    pub scope: Listed,
    /// Only rooms whose id comes after this one.
    pub after: Option<RoomId>,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 50)]
    pub limit: u32,
}

impl FromQuery for RoomsQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let scope = match params.text("scope")? {
            None | Some("mine") => Listed::Mine,
            Some("public") => Listed::Public,
            Some(_) => return Err(bad("scope", "must be mine or public")),
        };
        Ok(Self { scope, after: params.parsed("after")?, limit: params.limit(DEFAULT_PAGE)? })
    }
}

/// List rooms
///
/// The caller's own or the public ones, by id, each with its last message and the caller's unread count.
#[utoipa::path(get, path = "/api/v1/rooms", operation_id = "listRooms", tag = "rooms", params(RoomsQuery), responses(
    (status = 200, description = "The page", body = RoomPage),
))]
async fn list(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    Query(query): Query<RoomsQuery>,
) -> Result<Json<RoomPage>, Error> {
    let (user, reach, after) = (&caller.principal.user_id, reach(&caller.principal), query.after.as_ref());
    let Page { items: rooms, has_more } = match query.scope {
        Listed::Mine => node.store().rooms_of(user, &reach, after, query.limit).await?,
        Listed::Public => node.store().public_rooms(user, &reach, after, query.limit).await?,
    };
    Ok(Json(RoomPage { rooms, has_more }))
}

/// Create a room
///
/// The caller owns it; `members` are in it from the start.
#[utoipa::path(post, path = "/api/v1/rooms", operation_id = "createRoom", tag = "rooms", request_body = CreateRoom, responses(
    (status = 201, description = "The room", body = Room),
    (status = 403, description = "The token does not reach this room, or the id is one of those that the server gives"),
    (status = 409, description = "The room stands already"),
    (status = 422, description = "More than 10,000 members to begin with"),
))]
async fn create(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    Json(new): Json<CreateRoom>,
) -> Result<(StatusCode, Json<Room>), Error> {
    let principal = &caller.principal;
    let members = new.members.unwrap_or_default();
    if members.len() > MAX_FIRST_MEMBERS {
        let detail = format!("must be at most {MAX_FIRST_MEMBERS} to begin with");
        return Err(Error::new(Code::Limit).field("members").detail(detail));
    }
    // Whoever makes a room is shown in it by name.
    node.see(principal).await?;
    let room = node.create_room(principal, new.room_id, new.name, new.kind, members).await?;
    Ok((StatusCode::CREATED, Json(room)))
}

/// See a room
///
/// A public one, or one that the caller is a member of.
#[utoipa::path(get, path = "/api/v1/rooms/{roomId}", operation_id = "getRoom", tag = "rooms", params(RoomPath), responses(
    (status = 200, description = "The room as the caller sees it", body = Room),
    (status = 403, description = "Not a room of the caller's, whether it exists or not"),
))]
async fn show(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
) -> Result<Json<Room>, Error> {
    let record = node.readable(&caller.principal, &path.room_id).await?;
    match node.store().room_view(&path.room_id, &caller.principal.user_id).await? {
        Some(room) => Ok(Json(room)),
        None => from_outside(&node, &caller.principal, record).await.map(Json),
    }
}

/// A private room as somebody sees it whom only a token lets in: there is no marker yet, and so nothing unread.
async fn from_outside(node: &Node, principal: &Principal, room: RoomRecord) -> Result<Room, Error> {
    let newest = node.store().history(&room.room_id, &principal.user_id, HistoryPage::Newest, 1).await?;
    Ok(Room {
        name: room.name.unwrap_or_else(|| room.room_id.to_string()),
        room_id: room.room_id,
        kind: room.kind,
        head_seq: room.head_seq,
        read_seq: room.head_seq,
        unread: 0,
        last_message: newest.page.items.into_iter().next_back(),
        members: Some(room.member_count),
        peer_id: None,
        peer_read_seq: None,
        peer_delivered_seq: None,
    })
}

/// Change a room
///
/// Its name or kind, by its owner.
#[utoipa::path(patch, path = "/api/v1/rooms/{roomId}", operation_id = "updateRoom", tag = "rooms", params(RoomPath), request_body = UpdateRoom, responses(
    (status = 200, description = "The room as it is now", body = Room),
    (status = 403, description = "Not a room of the caller's, whether it exists or not, or the caller is not its owner"),
))]
async fn update(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
    Json(change): Json<UpdateRoom>,
) -> Result<Json<Room>, Error> {
    node.update_room(&caller.principal, &path.room_id, change.name, change.kind).await.map(Json)
}
