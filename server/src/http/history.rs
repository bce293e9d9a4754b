//! `…/messages`: what was said in a room or with a user, each message in its present state.

use std::sync::Arc;

use axum::extract::State;
use tidings_protocol::RoomId;
use tidings_protocol::http::MessagePage;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{Query, SeqPage};
use super::path::{RoomPath, UserPath};
use crate::auth::{Caller, Principal};
use crate::error::Error;
use crate::node::Node;
use crate::store::History;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(room)).routes(routes!(direct))
}

/// Read a room's history
///
/// Messages in `seq` order: the newest, those before, or those after a `seq`. Of a public room for everybody who
/// may join it, of any other for its members.
#[utoipa::path(get, path = "/api/v1/rooms/{roomId}/messages", operation_id = "roomHistory", tag = "messages", params(RoomPath, SeqPage), responses(
    (status = 200, description = "The page", body = MessagePage),
    (status = 403, description = "Not a room of the caller's, whether it exists or not"),
))]
async fn room(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
    Query(page): Query<SeqPage>,
) -> Result<Json<MessagePage>, Error> {
    node.readable(&caller.principal, &path.room_id).await?;
    messages(&node, &caller.principal, &path.room_id, page).await
}

/// Read the conversation with a user
///
/// As a room's history; empty where the two have not spoken yet.
#[utoipa::path(get, path = "/api/v1/direct/{userId}/messages", operation_id = "directHistory", tag = "messages", params(UserPath, SeqPage), responses(
    (status = 200, description = "The page", body = MessagePage),
))]
async fn direct(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: UserPath,
    Query(page): Query<SeqPage>,
) -> Result<Json<MessagePage>, Error> {
    match node.store().direct_room(&caller.principal.user_id, &path.user_id).await? {
        Some(room) => messages(&node, &caller.principal, &room, page).await,
        None => Ok(Json(MessagePage { messages: Vec::new(), has_more: false, head_seq: None })),
    }
}

async fn messages(
    node: &Node,
    principal: &Principal,
    room: &RoomId,
    page: SeqPage,
) -> Result<Json<MessagePage>, Error> {
    let History { page, head_seq } =
        node.store().history(room, &principal.user_id, page.page(), page.limit).await?;
    let head_seq = (head_seq > 0).then_some(head_seq);
    Ok(Json(MessagePage { messages: page.items, has_more: page.has_more, head_seq }))
}
