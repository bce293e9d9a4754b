//! `…/log` and `/api/v1/inbox`: the entries themselves as server frames. They fill a `GAP`.

use std::sync::Arc;

use axum::extract::State;
use tidings_protocol::entity::RoomKind;
use tidings_protocol::http::FramePage;
use tidings_protocol::limits::MAX_PAGE;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::openapi::schemas::FramePageSchema;
use super::page::{FromQuery, Params, Query, cut};
use super::path::RoomPath;
use crate::auth::Caller;
use crate::error::Error;
use crate::frames;
use crate::node::Node;
use crate::store::InboxEntry;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(room)).routes(routes!(inbox))
}

/// Which page of a log that is read forward.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Only entries above this position; without it, from the first one on.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 9007199254740991_u64, default = 0)]
    pub after: u64,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 200)]
    pub limit: u32,
}

impl FromQuery for LogQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        Ok(Self { after: params.number("after")?.unwrap_or(0), limit: params.limit(MAX_PAGE)? })
    }
}

/// Read a room's log
///
/// Every entry in `seq` order: messages, edits, deletions, reactions, as the frames that a session gets.
#[utoipa::path(get, path = "/api/v1/rooms/{roomId}/log", operation_id = "roomLog", tag = "messages", params(RoomPath, LogQuery), responses(
    (status = 200, description = "The page", body = FramePageSchema),
    (status = 403, description = "Not a room of the caller's, whether it exists or not"),
))]
async fn room(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    path: RoomPath,
    Query(query): Query<LogQuery>,
) -> Result<Json<FramePage>, Error> {
    let found = node.readable(&caller.principal, &path.room_id).await?;
    if found.kind == RoomKind::Direct {
        let member = &caller.principal.user_id;
        let entries = node.store().direct_log(&path.room_id, member, query.after, query.limit + 1).await?;
        return Ok(Json(of_inbox(entries, query.limit)));
    }
    let entries = node.store().log(&path.room_id, query.after, query.limit + 1).await?;
    let (entries, has_more) = cut(entries, query.limit);
    let frames = entries.iter().map(|entry| frames::entry_frame(entry, None)).collect();
    Ok(Json(FramePage { frames, has_more }))
}

/// Read the caller's inbox
///
/// Every entry of the caller's direct conversations in `inboxSeq` order, as the frames that a session gets.
#[utoipa::path(get, path = "/api/v1/inbox", operation_id = "inbox", tag = "messages", params(LogQuery), responses(
    (status = 200, description = "The page", body = FramePageSchema),
))]
async fn inbox(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    Query(query): Query<LogQuery>,
) -> Result<Json<FramePage>, Error> {
    let entries = node.store().inbox(&caller.principal.user_id, query.after, query.limit + 1).await?;
    Ok(Json(of_inbox(entries, query.limit)))
}

fn of_inbox(entries: Vec<InboxEntry>, limit: u32) -> FramePage {
    let (entries, has_more) = cut(entries, limit);
    let frames =
        entries.iter().map(|entry| frames::entry_frame(&entry.entry, Some(entry.inbox_seq))).collect();
    FramePage { frames, has_more }
}
