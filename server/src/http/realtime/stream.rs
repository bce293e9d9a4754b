//! `POST /api/v1/realtime/stream`: server frames as an event stream: what was missed, then live.

use std::convert::Infallible;
use std::future::poll_fn;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream;
use tidings_protocol::Code;
use tidings_protocol::http::RealtimeSubscribe;
use tidings_protocol::limits::SSE_RETRY_MS;

use super::super::json;
use super::super::notification_stream;
use super::super::state::HttpState;
use crate::auth::PageCaller;
use crate::connection::{Flow, Session};
use crate::drain::Stage;
use crate::error::Error;
use crate::metrics::Transport;

/// Opens a stream of frames. It ends with the token, and when a newer one of the same client session begins.
///
/// # Errors
/// 400 for a body that cannot be read; 401 and 403; 429 and 503 over a cap.
pub async fn post(
    State(state): State<HttpState>,
    PageCaller(caller): PageCaller,
    body: Bytes,
) -> Result<Response, Error> {
    let body: RealtimeSubscribe = json::parse(&body)?;
    if state.drain.stage() != Stage::Ready {
        return Err(Error::new(Code::Unavailable).detail("the server is going away"));
    }
    let permit = state.admit(&caller, Some(&body.client_session))?;
    let counted = (permit, state.drain.session(), state.metrics.sse.open());
    let session = super::resumed(&state, &caller, body, Transport::Sse).await?;
    if state.drain.stage() == Stage::Draining {
        state.node.say_goodbye_to(session.outbox(), state.drain.turn());
    }
    let opened = Opened { session, first: true, is_over: false };
    let events = stream::unfold((opened, counted), |(mut opened, counted)| async move {
        let event = opened.next().await?;
        Some((Ok::<_, Infallible>(event), (opened, counted)))
    });
    Ok(notification_stream::answer(events))
}

/// A session whose frames are pulled one by one.
struct Opened {
    session: Session,
    first: bool,
    is_over: bool,
}

impl Opened {
    async fn next(&mut self) -> Option<Event> {
        let session = &mut self.session;
        if self.is_over {
            return None;
        }
        loop {
            if session.outbox().is_cut() {
                // What it was given and has not taken is not sent any more; why, the last event says.
                session.outgoing().truncate(0);
            } else if let Some(frame) = session.next_frame() {
                let event = Event::default().event("frame").data(frame.as_str());
                let first = std::mem::replace(&mut self.first, false);
                return Some(if first { event.retry(Duration::from_millis(SSE_RETRY_MS)) } else { event });
            } else {
                // The transport has taken everything that it was given.
                session.flushed();
            }
            let work = poll_fn(|cx| session.poll_work(true, cx)).await;
            match session.on_work(work).await {
                Flow::Continue => {}
                // A stream cannot be asked; a comment that cannot be written ends it.
                Flow::Ping => session.heard(),
                // A stream has no close frame: its last event says why it ends.
                Flow::Close(code) => {
                    self.is_over = true;
                    let code = code.as_u16();
                    return Some(Event::default().event("close").data(format!("{{\"code\":{code}}}")));
                }
            }
        }
    }
}
