//! Who is connected to this node: a list, and where one session stands.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use serde::Serialize;
use tidings_protocol::limits::DEFAULT_PAGE;
use tidings_protocol::{ClientSession, Code, RoomId, SessionId, Timestamp, UserId};

use super::super::json::Json;
use super::super::page::{FromQuery, Params, Query};
use super::Admin;
use crate::error::Error;
use crate::hub::Registration;
use crate::node::Node;

/// A session that does not answer within this time is shown without its positions.
const PATIENCE: Duration = Duration::from_secs(1);

/// A session as the hub knows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    session_id: SessionId,
    user_id: UserId,
    node: String,
    transport: &'static str,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_session: Option<ClientSession>,
    /// Whether it is told of chat; a stream of notifications is not.
    chat: bool,
    notifications: bool,
    queue_bytes: usize,
}

/// A session with what its own task says.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    #[serde(flatten)]
    session: Session,
    #[serde(flatten)]
    standing: Option<Standing>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Standing {
    unwritten_bytes: usize,
    unanswered_frames: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    inbox_seq: Option<u64>,
    rooms: Vec<Followed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Followed {
    room_id: RoomId,
    seq: u64,
}

/// A page of sessions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionPage {
    sessions: Vec<Session>,
    has_more: bool,
}

/// Which sessions, the oldest first.
pub(super) struct SessionsQuery {
    user: Option<UserId>,
    after: Option<String>,
    limit: u32,
}

impl FromQuery for SessionsQuery {
    fn from_query(params: &Params) -> Result<Self, Error> {
        let after = params.text("after")?.map(str::to_owned);
        Ok(Self { user: params.parsed("userId")?, after, limit: params.limit(DEFAULT_PAGE)? })
    }
}

pub(super) async fn list(
    State(node): State<Arc<Node>>,
    _: Admin,
    Query(query): Query<SessionsQuery>,
) -> Result<Json<SessionPage>, Error> {
    let mut found = node.hub().registrations(query.user.as_ref());
    if let Some(after) = &query.after {
        found.retain(|one| one.outbox.session_id().as_str() > after.as_str());
    }
    // Session ids are made in the order of time.
    found.sort_by(|a, b| a.outbox.session_id().cmp(b.outbox.session_id()));
    let has_more = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let sessions = found.into_iter().map(|one| Session::of(one, &node)).collect();
    Ok(Json(SessionPage { sessions, has_more }))
}

pub(super) async fn show(
    State(node): State<Arc<Node>>,
    _: Admin,
    Path(session_id): Path<String>,
) -> Result<Json<Detail>, Error> {
    let all = node.hub().registrations(None);
    let found = all.into_iter().find(|one| one.outbox.session_id().as_str() == session_id);
    let found = found.ok_or_else(|| Error::new(Code::NotFound))?;
    let answered = tokio::time::timeout(PATIENCE, found.outbox.ask()).await;
    let standing = answered.ok().and_then(Result::ok).map(|stands| Standing {
        unwritten_bytes: stands.unwritten_bytes,
        unanswered_frames: stands.unanswered,
        inbox_seq: stands.inbox,
        rooms: stands.rooms.into_iter().map(|(room_id, seq)| Followed { room_id, seq }).collect(),
    });
    Ok(Json(Detail { session: Session::of(found, &node), standing }))
}

impl Session {
    fn of(registration: Registration, node: &Node) -> Self {
        let Registration { outbox, client_session, inbox, notices, transport, since } = registration;
        Self {
            session_id: outbox.session_id().clone(),
            user_id: outbox.user_id().clone(),
            node: node.settings().node_id.clone(),
            transport: transport.as_str(),
            since,
            client_session,
            chat: inbox,
            notifications: notices,
            queue_bytes: outbox.waiting_bytes(),
        }
    }
}
