//! `POST /api/v1/realtime/frames`: client frames in a body, each answered by its `ACK` or `ERROR`, in order.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::Utf8Bytes;
use axum::response::{IntoResponse, Response};
use http::header;
use tidings_protocol::http::RealtimeFrames;
use tidings_protocol::limits::MAX_FRAMES_PER_BODY;
use tidings_protocol::{ClientFrame, ClientId, Code, RoomId};

use super::super::json;
use super::super::state::HttpState;
use super::clients::InFlight;
use crate::auth::{Caller, Principal};
use crate::command::{self, Answer};
use crate::error::Error;
use crate::frames;
use crate::node::{Outcome, Pending};
use crate::store::Written;

/// An answer that stands, or one that is still to come.
enum Slot {
    Ready(Utf8Bytes),
    Later(ClientId, Option<RoomId>, Pending),
}

/// Does what the frames ask for.
///
/// # Errors
/// 400 for a body that cannot be read, 401, 409 while another such request of the client session is on its way.
pub async fn post(
    State(state): State<HttpState>,
    Caller(caller): Caller,
    body: Bytes,
) -> Result<Response, Error> {
    let body: RealtimeFrames = json::parse(&body)?;
    if body.frames.len() > MAX_FRAMES_PER_BODY {
        let detail = format!("must hold at most {MAX_FRAMES_PER_BODY} frames");
        return Err(Error::new(Code::TooLarge).field("frames").detail(detail));
    }
    let key = (caller.principal.user_id.clone(), body.client_session);
    let in_flight = state.clients.begin(&key, &state.rates)?;
    state.node.see(&caller.principal).await?;
    let mut slots = Vec::with_capacity(body.frames.len());
    for value in body.frames {
        slots.push(one(&state, &caller.principal, &in_flight, &key.1, value).await);
    }
    let mut answers = Vec::with_capacity(slots.len());
    for slot in slots {
        answers.push(match slot {
            Slot::Ready(frame) => frame,
            Slot::Later(id, room_id, pending) => answer(&state, id, room_id, pending.await),
        });
    }
    Ok(page(&answers))
}

/// `{"frames": […]}` of frames that are encoded already.
pub(super) fn page(frames: &[Utf8Bytes]) -> Response {
    let mut body = String::with_capacity(16 + frames.iter().map(|f| f.len() + 1).sum::<usize>());
    body.push_str("{\"frames\":[");
    for (at, frame) in frames.iter().enumerate() {
        if at > 0 {
            body.push(',');
        }
        body.push_str(frame);
    }
    body.push_str("]}");
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

async fn one(
    state: &HttpState,
    principal: &Arc<Principal>,
    in_flight: &InFlight,
    client_session: &tidings_protocol::ClientSession,
    value: serde_json::Value,
) -> Slot {
    let refuse = |error: &Error, id: Option<ClientId>, room_id: Option<RoomId>| {
        state.metrics.polling.error(error.code());
        Slot::Ready(frames::error(error, id, room_id, state.node.now()))
    };
    let frame = match ClientFrame::from_value(value) {
        Ok(frame) => frame,
        Err(error) => {
            let (id, room_id) = (error.id.clone(), error.room_id.clone());
            return refuse(&error.into(), id, room_id);
        }
    };
    state.metrics.polling.received(frame.command.type_name());
    let room_id = command::room_of(&frame.command).cloned();
    let Some(id) = frame.id.clone() else {
        let error = Error::new(Code::InvalidFrame).field("id").detail("is required here");
        return refuse(&error, None, room_id);
    };
    let counts = state.auth.hold_to_revocations(principal).map_err(Error::from);
    if let Err(error) = counts.and_then(|()| admit(in_flight, &frame)) {
        return refuse(&error, Some(id), room_id);
    }
    let caller = command::Stateless {
        node: &state.node,
        auth: &state.auth,
        principal,
        gate: &in_flight.gate,
        client_session,
    };
    match caller.dispatch(&id, frame.after, frame.command).await {
        Ok(Answer::Later(pending)) => Slot::Later(id, room_id, pending),
        Ok(Answer::Frame(frame)) => Slot::Ready(frame),
        Ok(Answer::Done | Answer::Sent) => Slot::Ready(frames::done(id, room_id, state.node.now())),
        Err(error) => refuse(&error, Some(id), room_id),
    }
}

fn admit(in_flight: &InFlight, frame: &ClientFrame) -> Outcome<()> {
    command::admit(&in_flight.rate, &in_flight.gate, frame)
}

fn answer(state: &HttpState, id: ClientId, room_id: Option<RoomId>, answer: Outcome<Written>) -> Utf8Bytes {
    let now = state.node.now();
    match answer {
        Ok(Written::Appended(appended)) => frames::appended(id, appended, now),
        Ok(_) => frames::done(id, room_id, now),
        Err(error) => {
            state.metrics.polling.error(error.code());
            frames::error(&error, Some(id), room_id, now)
        }
    }
}
