//! `GET /ws/chat`: turns WebSocket messages into frames and back, and knows nothing else.
//!
//! - `handshake`: what makes a request a WebSocket.
//! - `socket`: reading by the library, writing without a buffer between.
//! - `task`: one task per connection. Everything that waits goes out with one system call; while that is on its
//!   way, the peer's own frames are still read.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tidings_protocol::{ClientSession, CloseCode, Code};

use super::state::HttpState;
use crate::auth::{Authenticated, PageCaller};
use crate::connection::{Session, Wish};
use crate::drain::Stage;
use crate::error::Error;
use crate::guarded::Guarded;
use crate::limits::SessionRate;
use crate::metrics::Transport;

pub mod handshake;
mod socket;
mod task;

use self::handshake::Handshake;
use self::socket::Socket;
use self::task::Connection;

/// The query of the upgrade request.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    client_session: Option<String>,
    notifications: Option<bool>,
}

/// Checks the caller, then upgrades.
///
/// # Errors
/// 401 or 403 before the upgrade; 429 and 503 over a cap; 400 for what is no upgrade request.
pub async fn upgrade(
    State(state): State<HttpState>,
    PageCaller(caller): PageCaller,
    params: Result<Query<Params>, QueryRejection>,
    handshake: Result<Handshake, Error>,
) -> Result<Response, Error> {
    let wish = wish(params)?;
    let handshake = handshake?;
    if state.drain.stage() != Stage::Ready {
        return Err(Error::new(Code::Unavailable).detail("the server is going away"));
    }
    let permit = state.admit(&caller, wish.client_session.as_ref())?;
    let counted = (permit, state.drain.session(), state.metrics.websocket.open());
    let rate = state.rates.session();
    let (answer, upgraded) = handshake.accept();
    tokio::spawn(async move {
        match upgraded.await {
            Ok(upgraded) => {
                if let Some(socket) = take_over(upgraded, state.session.max_frame_bytes) {
                    // In a box of its own, which goes when the session has begun: what stays is small.
                    let opened = Box::pin(open(state, caller, rate, wish, socket)).await;
                    if let Some(mut connection) = opened {
                        task::run(&mut connection).await;
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "the peer went before the upgrade"),
        }
        drop(counted);
    });
    Ok(answer)
}

/// The socket of an upgraded connection: every one is accepted as one of these.
fn take_over(upgraded: Upgraded, max_frame_bytes: usize) -> Option<Socket<Guarded>> {
    let Ok(parts) = upgraded.downcast::<TokioIo<Guarded>>() else {
        tracing::error!("an upgraded connection was not accepted by this server");
        return None;
    };
    let io = parts.io.into_inner();
    io.bound_unsent();
    // Copied: it is next to nothing, in a buffer of 8 KiB that would stay.
    Some(Socket::new(io, parts.read_buf.to_vec(), max_frame_bytes))
}

async fn open(
    state: HttpState,
    caller: Authenticated,
    rate: SessionRate,
    wish: Wish,
    mut socket: Socket<Guarded>,
) -> Option<Box<Connection<Guarded>>> {
    let services = state.services();
    let opening = Session::open(services, &state.session, caller.principal, rate, wish, Transport::WebSocket);
    match Box::pin(opening).await {
        Ok(session) => {
            if state.drain.stage() == Stage::Draining {
                state.node.say_goodbye_to(session.outbox(), state.drain.turn());
            }
            Some(Box::new(Connection { socket, session }))
        }
        Err(error) => {
            tracing::warn!(%error, "a session could not begin");
            task::close(&mut socket, CloseCode::Overloaded).await;
            None
        }
    }
}

fn wish(params: Result<Query<Params>, QueryRejection>) -> Result<Wish, Error> {
    let Query(params) =
        params.map_err(|rejection| Error::new(Code::InvalidFrame).detail(rejection.body_text()))?;
    let client_session = match params.client_session.filter(|s| !s.is_empty()) {
        Some(text) => Some(ClientSession::new(text).map_err(|error| {
            Error::new(Code::InvalidFrame).field("clientSession").detail(error.to_string())
        })?),
        None => None,
    };
    Ok(Wish { client_session, notifications: params.notifications.unwrap_or(false), aside: false })
}
