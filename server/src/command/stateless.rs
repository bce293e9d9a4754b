//! Frames that come without a session, in the body of a request: memberships and logs change as from a session;
//! subscriptions are the business of the client's stream or poll.

use std::sync::Arc;

use tidings_protocol::data::Authenticated;
use tidings_protocol::{ClientId, ClientSession, Code, Command, Event};

use super::{Answer, Caller, chat_message, delete_message, edit_message, ping, private_message, react};
use crate::auth::{Authenticator, Principal};
use crate::error::Error;
use crate::node::{Gate, Node, Origin, Outcome};

/// Who sent the body.
pub(crate) struct Stateless<'a> {
    pub(crate) node: &'a Arc<Node>,
    pub(crate) auth: &'a Authenticator,
    pub(crate) principal: &'a Principal,
    pub(crate) gate: &'a Arc<Gate>,
    pub(crate) client_session: &'a ClientSession,
}

impl Stateless<'_> {
    /// Does what one frame asks for.
    pub(crate) async fn dispatch(
        &self,
        id: &ClientId,
        after: Option<ClientId>,
        command: Command,
    ) -> Outcome<Answer> {
        let caller = Caller {
            node: self.node,
            principal: self.principal,
            origin: Origin { not_to: None, gate: Arc::clone(self.gate), id: Some(id.clone()), after },
        };
        let (node, user, id) = (self.node, &self.principal.user_id, Some(id));
        match command {
            Command::JoinRoom(join) => node.join(self.principal, &join.room_id).await.map(|_| Answer::Done),
            Command::LeaveRoom(leave) => {
                node.leave_by_request(self.principal, self.client_session, &leave.room_id).await?;
                Ok(Answer::Done)
            }
            Command::ChatMessage(message) => chat_message::run(&caller, id, message).await,
            Command::PrivateMessage(message) => private_message::run(&caller, id, message).await,
            Command::EditMessage(edit) => edit_message::run(&caller, id, edit).await,
            Command::DeleteMessage(delete) => delete_message::run(&caller, id, delete).await,
            Command::React(react) => react::run(&caller, id, react).await,
            Command::Typing(typing) => {
                node.membership(self.principal, &typing.room_id).await?;
                node.typing_by_request(user, &typing.room_id, typing.data.is_typing).await?;
                Ok(Answer::Done)
            }
            Command::Read(read) => {
                node.read(self.principal, None, &read.room_id, read.seq).await.map(|()| Answer::Done)
            }
            Command::SetPresence(show) => {
                node.show_by_request(user, self.client_session, show.status).await;
                Ok(Answer::Done)
            }
            Command::Authenticate(token) => {
                let principal = self.auth.verify(&token.token).map_err(Error::from)?;
                if principal.user_id != *user {
                    return Err(Error::new(Code::Forbidden)
                        .field("token")
                        .detail("must be of the same user"));
                }
                let event = Authenticated { id: id.cloned(), expires_at: principal.expires_at };
                Ok(Answer::Frame(node.frame(Event::Authenticated(event))))
            }
            Command::Ping(_) => Ok(ping::run(node, id)),
            Command::Resume(_) => {
                let detail = "positions belong into the body of a stream or poll";
                Err(Error::new(Code::InvalidFrame).field("type").detail(detail))
            }
        }
    }
}
