//! `/api/v1/search`: full text in everything that the caller may read.

use std::sync::Arc;

use axum::extract::State;
use tidings_protocol::http::MessagePage;
use tidings_protocol::limits::DEFAULT_PAGE;
use tidings_protocol::{MessageId, RoomId};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::HttpState;
use super::json::Json;
use super::page::{FromQuery, Params, Query, bad};
use super::rest::reach;
use crate::auth::Caller;
use crate::error::Error;
use crate::node::Node;
use crate::store::{Page, SearchQuery};

/// Longest text that is searched for, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// The routes.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::default().routes(routes!(search))
}

/// What is searched for.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct Wanted {
    /// Words that all occur, the last one perhaps unfinished. Any text will do; it is no query language.
    #[param(min_length = 1, max_length = 1024)]
    pub q: String,
    /// Only in this room.
    pub room_id: Option<RoomId>,
    /// Only messages older than this one.
    pub before: Option<MessageId>,
    /// At most this many; more than 200 are 200.
    #[param(value_type = Option<u32>, minimum = 1, default = 50)]
    pub limit: u32,
}

impl FromQuery for Wanted {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let q = params.text("q")?.ok_or_else(|| bad("q", "is required"))?;
        if q.len() > MAX_TEXT_BYTES {
            return Err(bad("q", format!("must be at most {MAX_TEXT_BYTES} bytes")));
        }
        Ok(Self {
            q: q.to_owned(),
            room_id: params.parsed("roomId")?,
            before: params.parsed("before")?,
            limit: params.limit(DEFAULT_PAGE)?,
        })
    }
}

/// Search messages
///
/// In public rooms and in those that the caller is a member of, direct ones too; the newest first. A token that names
/// rooms finds what is in these and in direct rooms.
#[utoipa::path(get, path = "/api/v1/search", operation_id = "search", tag = "messages", params(Wanted), responses(
    (status = 200, description = "The page", body = MessagePage),
    (status = 403, description = "`roomId` is not a room of the caller's, whether it exists or not"),
))]
async fn search(
    State(node): State<Arc<Node>>,
    Caller(caller): Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Json<MessagePage>, Error> {
    if let Some(room) = &wanted.room_id {
        node.readable(&caller.principal, room).await?;
    }
    let query = SearchQuery {
        user_id: caller.principal.user_id.clone(),
        reach: reach(&caller.principal),
        text: wanted.q,
        room_id: wanted.room_id,
        before: wanted.before,
        limit: wanted.limit,
    };
    let Page { items: messages, has_more } = node.store().search(&query).await?;
    Ok(Json(MessagePage { messages, has_more, head_seq: None }))
}
