//! The fallback where WebSockets are blocked: the same frames over plain HTTP, without a session on the node
//! between two requests.
//!
//! - [`frames`]: client frames in a body, answered in order.
//! - [`stream`]: server frames as an event stream.
//! - [`poll`]: server frames as soon as there is one.
//! - [`clients`]: what a node remembers of a client session for a while: its rate bucket and its gate.

use std::sync::Arc;

use tidings_protocol::command::Resume;
use tidings_protocol::http::RealtimeSubscribe;

use super::state::HttpState;
use crate::auth::Authenticated;
use crate::command;
use crate::connection::{Session, Wish};
use crate::error::Error;
use crate::metrics::Transport;

pub mod clients;
pub mod frames;
pub mod poll;
pub mod stream;

/// A session that stands where the body says.
async fn resumed(
    state: &HttpState,
    caller: &Authenticated,
    body: RealtimeSubscribe,
    transport: Transport,
) -> Result<Session, Error> {
    let key = (caller.principal.user_id.clone(), body.client_session.clone());
    let rate = state.clients.rate(&key, &state.rates)?;
    rate.frame()?;
    let wish = Wish {
        client_session: Some(body.client_session),
        notifications: body.notifications_after.is_some(),
        aside: body.aside,
    };
    let mut session = Session::open(
        state.services(),
        &state.session,
        Arc::clone(&caller.principal),
        state.rates.session(),
        wish,
        transport,
    )
    .await?;
    // A client that has no position in notifications yet asks for them with an empty cursor.
    let notifications_after = body.notifications_after.filter(|c| !c.is_empty());
    let resume = Resume {
        epoch: body.epoch,
        rooms: body.rooms,
        inbox_after: body.inbox_after,
        notifications_after,
        rewind: false,
    };
    command::resume_session(&mut session, resume).await?;
    Ok(session)
}
