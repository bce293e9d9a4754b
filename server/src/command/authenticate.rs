//! `AUTHENTICATE`: a new token for the same user, without a reconnect.

use std::sync::Arc;

use tidings_protocol::command::Authenticate;
use tidings_protocol::data::Authenticated;
use tidings_protocol::{ClientId, Code, Event};

use super::Answer;
use crate::connection::Session;
use crate::error::Error;
use crate::node::Outcome;

pub(super) async fn run(
    session: &mut Session,
    id: Option<&ClientId>,
    token: Authenticate,
) -> Outcome<Answer> {
    let principal = session.services.auth.verify(&token.token).map_err(Error::from)?;
    if principal.user_id != session.principal().user_id {
        return Err(Error::new(Code::Forbidden).field("token").detail("must be of the same user"));
    }
    let expires_at = principal.expires_at;
    session.set_token(Arc::new(principal));
    session.leave_unreachable().await;
    let event = Event::Authenticated(Authenticated { id: id.cloned(), expires_at });
    let frame = session.node().frame(event);
    session.send(frame);
    Ok(Answer::Sent)
}
