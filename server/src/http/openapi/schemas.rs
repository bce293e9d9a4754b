//! How frames look in the document. Their JSON is written by hand in the contract's crate, so it is described by
//! hand too.

use serde_json::{Map, Value};
use tidings_protocol::{ClientSession, Timestamp};
use utoipa::ToSchema;

/// One frame from the server.
#[derive(ToSchema)]
#[schema(as = ServerFrame)]
#[allow(dead_code, reason = "describes; what is answered is the contract's own type")]
pub struct ServerFrameSchema {
    /// `SYSTEM`, `CHAT`, `TYPING`, `PRIVATE`, `NOTIFICATION` or `ERROR`.
    category: String,
    /// What happened, within its category.
    #[schema(rename = "type")]
    kind: String,
    /// What belongs to it.
    data: Map<String, Value>,
    /// When the server said so.
    timestamp: Timestamp,
}

/// Frames, and whether more follow.
#[derive(ToSchema)]
#[schema(as = FramePage, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes; what is answered is the contract's own type")]
pub struct FramePageSchema {
    /// In order.
    frames: Vec<ServerFrameSchema>,
    /// Whether more follow.
    has_more: bool,
}

/// Frames.
#[derive(ToSchema)]
#[schema(as = Frames)]
#[allow(dead_code, reason = "describes; what is answered is the contract's own type")]
pub struct FramesSchema {
    /// In order.
    frames: Vec<ServerFrameSchema>,
}

/// One frame from a client: `type`, `id` and the fields of its type.
#[derive(ToSchema)]
#[schema(as = ClientFrame)]
#[allow(dead_code, reason = "describes; what is read is the contract's own type")]
pub struct ClientFrameSchema {
    /// What the client wants, such as `CHAT_MESSAGE`.
    #[schema(rename = "type")]
    kind: String,
    /// The client's correlation and idempotency key.
    #[schema(min_length = 1, max_length = 64)]
    id: String,
}

/// A body of client frames.
#[derive(ToSchema)]
#[schema(as = RealtimeFrames, rename_all = "camelCase")]
#[allow(dead_code, reason = "describes; what is read is the contract's own type")]
pub struct RealtimeFramesSchema {
    /// The client session.
    client_session: ClientSession,
    /// Done in order.
    #[schema(max_items = 100)]
    frames: Vec<ClientFrameSchema>,
}
