//! `POST /api/v1/realtime/poll`: server frames as soon as there is one, else an empty list after `waitMs`.

use std::future::poll_fn;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::Utf8Bytes;
use axum::response::Response;
use tidings_protocol::http::RealtimeSubscribe;
use tidings_protocol::limits::MAX_POLL_WAIT_MS;
use tidings_protocol::{CloseCode, Code, Epoch};
use tokio::time::{Instant, timeout_at};

use super::super::json;
use super::super::state::HttpState;
use super::frames::page;
use crate::auth::PageCaller;
use crate::connection::{Flow, Session};
use crate::drain::Stage;
use crate::error::Error;
use crate::metrics::Transport;

/// Frames in one answer stop growing past this many bytes; the next poll goes on from there.
const ANSWER_BYTES: usize = 512 * 1024;

/// Waits for frames.
///
/// # Errors
/// 400 for a body that cannot be read; 401 and 403; 409 when a newer request of the same client session has
/// taken over; 429 and 503 over a cap.
pub async fn post(
    State(state): State<HttpState>,
    PageCaller(caller): PageCaller,
    body: Bytes,
) -> Result<Response, Error> {
    let body: RealtimeSubscribe = json::parse(&body)?;
    let wait = body.wait_ms.unwrap_or(0);
    if wait > MAX_POLL_WAIT_MS {
        let detail = format!("must be at most {MAX_POLL_WAIT_MS}");
        return Err(Error::new(Code::InvalidFrame).field("waitMs").detail(detail));
    }
    if state.drain.stage() != Stage::Ready {
        return Err(Error::new(Code::Unavailable).detail("the server is going away"));
    }
    let deadline = Instant::now() + Duration::from_millis(wait);
    let permit = state.admit(&caller, Some(&body.client_session))?;
    let counted = (permit, state.drain.session(), state.metrics.polling.open());
    let known = Known::of(&body, state.node.epoch());
    let session = super::resumed(&state, &caller, body, Transport::Polling).await?;
    session.outbox().set_lease(deadline + state.node.presence().grace());
    if state.drain.stage() == Stage::Draining {
        state.node.say_goodbye_to(session.outbox(), state.drain.turn());
    }
    let answer = gather(session, &known, deadline).await;
    drop(counted);
    answer.map(|frames| page(&frames))
}

/// What the client knows already, so that the answer to its positions is not told again.
struct Known {
    epoch: bool,
    rooms: Vec<String>,
}

impl Known {
    /// Positions of another epoch say nothing of this one.
    fn of(body: &RealtimeSubscribe, epoch: &Epoch) -> Self {
        let same_epoch = body.epoch.as_ref().is_none_or(|named| named == epoch);
        let known = body.rooms.iter().filter(|room| same_epoch && room.after_seq.is_some());
        Self {
            epoch: same_epoch && body.epoch.is_some(),
            rooms: known.map(|room| room.room_id.to_string()).collect(),
        }
    }

    fn is_news(&self, frame: &str) -> bool {
        if frame.starts_with(r#"{"category":"SYSTEM","type":"CONNECTION_ESTABLISHED""#) {
            return !self.epoch;
        }
        if frame.starts_with(r#"{"category":"SYSTEM","type":"ROOM_PARTICIPANTS""#) {
            let room = room_of(frame);
            return !room.is_some_and(|room| self.rooms.contains(&room));
        }
        true
    }
}

/// The room of a `ROOM_PARTICIPANTS` frame, whose `roomId` stands first.
fn room_of(frame: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Frame {
        data: Data,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        room_id: String,
    }
    serde_json::from_str::<Frame>(frame).ok().map(|f| f.data.room_id)
}

/// Takes frames from the session until there are some and nothing is left to read, or the time is over.
async fn gather(mut session: Session, known: &Known, deadline: Instant) -> Result<Vec<Utf8Bytes>, Error> {
    let mut answer = Vec::new();
    let mut bytes = 0;
    loop {
        while let Some(frame) = session.next_frame() {
            if known.is_news(&frame) {
                bytes += frame.len();
                answer.push(frame);
            }
        }
        // What is being read is worth waiting for; what is live is not, once there is something.
        let enough = !answer.is_empty() && (session.has_caught_up() || bytes > ANSWER_BYTES);
        if enough {
            break;
        }
        let work = match timeout_at(deadline, poll_fn(|cx| session.poll_work(true, cx))).await {
            Ok(work) => work,
            Err(_) if session.has_caught_up() => break,
            Err(_) => poll_fn(|cx| session.poll_work(true, cx)).await,
        };
        match session.on_work(work).await {
            Flow::Continue => {}
            Flow::Ping => session.heard(),
            Flow::Close(CloseCode::Replaced) => {
                let detail = "a newer request of this client session has taken over";
                return Err(Error::new(Code::Conflict).detail(detail));
            }
            Flow::Close(CloseCode::Unauthenticated) => return Err(Code::Unauthenticated.into()),
            Flow::Close(CloseCode::Forbidden) => return Err(Code::Forbidden.into()),
            Flow::Close(_) => break,
        }
    }
    // Whether the answer arrives is not known here: the positions of the next request say so.
    session.count_sent();
    Ok(answer)
}
