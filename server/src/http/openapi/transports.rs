//! The operations that answer with frames, or with a stream of them. Their handlers turn bytes into frames and
//! back and know nothing else, so their description stands here.

use tidings_protocol::http::RealtimeSubscribe;
use tidings_protocol::{ClientSession, Cursor, UserId};

use super::schemas::{FramesSchema, RealtimeFramesSchema};

/// Open the WebSocket
///
/// Text frames, one JSON object each; subprotocol `tidings.v1`.
#[utoipa::path(get, path = "/ws/chat", operation_id = "chat", tag = "realtime", params(
    ("clientSession" = Option<ClientSession>, Query, description = "Random, fresh for each page load: the session waits for a `RESUME`"),
    ("notifications" = Option<bool>, Query, description = "Whether notifications come as frames too"),
), responses(
    (status = 101, description = "The WebSocket is open"),
    (status = 403, description = "A page of another origin asks"),
    (status = 426, description = "Not a WebSocket handshake"),
    (status = 429, description = "Too many connections of this user or address"),
    (status = 503, description = "The server is full, starting or draining"),
))]
pub fn chat() {}

/// Follow the caller's notifications
///
/// Events `connected`, `notification`, `broadcast`, `state` and `reset`. What was never handed out comes first, or
/// all that came after a cursor. A cursor that cannot be used is answered with `reset`, never with an error.
#[utoipa::path(get, path = "/api/v1/notifications/stream/{userId}", operation_id = "notificationStream", tag = "notifications", params(
    ("userId" = UserId, Path, description = "The caller"),
    ("lastEventId" = Option<Cursor>, Query, description = "The last cursor seen; the header wins"),
    ("Last-Event-ID" = Option<Cursor>, Header, description = "The last cursor seen"),
), responses(
    (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
    (status = 403, description = "Another user's stream, or a page of another origin asks"),
    (status = 429, description = "Too many connections of this user or address"),
    (status = 503, description = "The server is full, starting or draining"),
))]
pub fn notification_stream() {}

/// Send frames without a WebSocket
///
/// Done in order; each is answered by its `ACK`, `PONG`, `AUTHENTICATED` or `ERROR`. One request in flight per
/// client session.
#[utoipa::path(post, path = "/api/v1/realtime/frames", operation_id = "realtimeFrames", tag = "realtime",
    request_body = RealtimeFramesSchema, responses(
    (status = 200, description = "The answers, in order", body = FramesSchema),
    (status = 409, description = "A newer request of the same client session has taken over"),
    (status = 429, description = "The client session speaks too fast"),
))]
pub fn frames() {}

/// Follow frames without a WebSocket
///
/// Catches up from the positions in the body, then goes on live, each frame an event `frame`; ends when the token
/// does.
#[utoipa::path(post, path = "/api/v1/realtime/stream", operation_id = "realtimeStream", tag = "realtime",
    request_body = RealtimeSubscribe, responses(
    (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
    (status = 409, description = "A newer request of the same client session has taken over"),
    (status = 429, description = "The client session asks too often"),
))]
pub fn stream() {}

/// Wait for frames
///
/// As the stream, but answers as soon as there is a frame, or empty after `waitMs`.
#[utoipa::path(post, path = "/api/v1/realtime/poll", operation_id = "realtimePoll", tag = "realtime",
    request_body = RealtimeSubscribe, responses(
    (status = 200, description = "What there was", body = FramesSchema),
    (status = 409, description = "A newer request of the same client session has taken over"),
    (status = 429, description = "The client session asks too often"),
))]
pub fn poll() {}
