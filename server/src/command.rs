//! What a client may ask for: one file for each frame, and the one match that knows them all.

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::command::Resume;
use tidings_protocol::{ClientFrame, ClientId, Code, Command, RoomId};

use crate::auth::Principal;
use crate::connection::Session;
use crate::error::Error;
use crate::limits::SessionRate;
use crate::node::gate::By;
use crate::node::{Gate, Node, Origin, Outcome, Pending};
use crate::store::{Append, Change, Target};

mod stateless;

mod authenticate;
mod chat_message;
mod delete_message;
mod edit_message;
mod join_room;
mod leave_room;
mod ping;
mod presence;
mod private_message;
mod react;
mod read;
mod resume;
mod typing;

pub(crate) use self::stateless::Stateless;

/// What becomes of a frame.
#[derive(Debug)]
pub enum Answer {
    /// It is done: an `ACK`, where it had an `id`.
    Done,
    /// Its answer has been sent.
    Sent,
    /// This is its answer.
    Frame(Utf8Bytes),
    /// It is done when this is.
    Later(Pending),
}

/// Does what a frame of a session asks for.
pub(crate) async fn dispatch(session: &mut Session, frame: ClientFrame) -> Outcome<Answer> {
    let ClientFrame { id, after, command } = frame;
    let id = id.as_ref();
    match command {
        Command::JoinRoom(join) => join_room::run(session, id, join).await,
        Command::LeaveRoom(leave) => leave_room::run(session, leave).await,
        Command::ChatMessage(message) => chat_message::run(&session.caller(id, after), id, message).await,
        Command::PrivateMessage(message) => {
            private_message::run(&session.caller(id, after), id, message).await
        }
        Command::Typing(typing) => typing::run(session, typing).await,
        Command::EditMessage(edit) => edit_message::run(&session.caller(id, after), id, edit).await,
        Command::DeleteMessage(delete) => delete_message::run(&session.caller(id, after), id, delete).await,
        Command::React(react) => react::run(&session.caller(id, after), id, react).await,
        Command::Read(read) => read::run(session, read).await,
        Command::SetPresence(show) => presence::run(session, show).await,
        Command::Resume(resume) => resume::run(session, id, resume).await,
        Command::Authenticate(token) => authenticate::run(session, id, token).await,
        Command::Ping(_) => Ok(ping::run(session.node(), id)),
    }
}

/// The rate buckets, and the gate of the frame's log: a frame that is too much closes the gate of its log, so
/// that those behind it do not overtake it.
pub(crate) fn admit(rate: &SessionRate, gate: &Gate, frame: &ClientFrame) -> Outcome<()> {
    let Some(target) = log_of(&frame.command) else {
        let ephemeral = matches!(frame.command, Command::Typing(_) | Command::SetPresence(_));
        return if ephemeral { rate.ephemeral() } else { rate.frame() };
    };
    let id = frame.id.as_ref();
    if let Some(refusal) = gate.refusal(&target, frame.after.as_ref()) {
        gate.refused(id);
        return Err(refusal);
    }
    let taken = rate.frame();
    match taken.as_ref().err().and_then(Error::wait) {
        Some(wait) => {
            gate.close(&target, wait, By::Rate);
            gate.refused(id);
        }
        None => gate.taken(id),
    }
    taken
}

/// Puts a session where the client says it stands, as `RESUME` does.
pub(crate) async fn resume_session(session: &mut Session, body: Resume) -> Outcome<()> {
    resume::run(session, None, body).await.map(drop)
}

/// Who asks for a durable change, and from where.
pub(crate) struct Caller<'a> {
    pub(crate) node: &'a Node,
    pub(crate) principal: &'a Principal,
    pub(crate) origin: Origin,
}

impl Session {
    fn caller(&self, id: Option<&ClientId>, after: Option<ClientId>) -> Caller<'_> {
        // A frame without an id has no other way to know its own message than not to be told of it.
        let not_to = id.is_none().then(|| self.outbox().session_id().clone());
        Caller {
            node: self.node(),
            principal: self.principal(),
            origin: Origin { not_to, gate: self.gate.clone(), id: id.cloned(), after },
        }
    }
}

impl Caller<'_> {
    /// Queues a change of a log.
    async fn append(&self, id: Option<&ClientId>, target: Target, change: Change) -> Outcome<Answer> {
        if let Target::Room(room) = &target {
            self.node.check_reach(self.principal, room)?;
        }
        let new_id = self.node.new_message_id().ok_or_else(|| Error::new(Code::Internal))?;
        let append = Append {
            sender: self.principal.user_id.clone(),
            sender_name: self.principal.name.clone(),
            client_id: id.cloned(),
            at: self.node.now(),
            new_id,
            target,
            change,
        };
        Ok(Answer::Later(self.node.append(append, Some(self.origin.clone())).await))
    }

    /// The bounds of a message's text.
    fn check_content(&self, content: &str) -> Outcome<()> {
        let max = self.node.settings().max_content_bytes;
        if content.is_empty() {
            Err(Error::new(Code::InvalidFrame).field("content").detail("must not be empty"))
        } else if content.len() > max {
            Err(Error::new(Code::TooLarge).field("content").detail(format!("must be at most {max} bytes")))
        } else {
            Ok(())
        }
    }
}

/// The room that a frame names.
#[must_use]
pub fn room_of(command: &Command) -> Option<&RoomId> {
    match command {
        Command::JoinRoom(c) => Some(&c.room_id),
        Command::LeaveRoom(c) => Some(&c.room_id),
        Command::ChatMessage(c) => Some(&c.room_id),
        Command::Typing(c) => Some(&c.room_id),
        Command::EditMessage(c) => Some(&c.room_id),
        Command::DeleteMessage(c) => Some(&c.room_id),
        Command::React(c) => Some(&c.room_id),
        Command::Read(c) => Some(&c.room_id),
        Command::PrivateMessage(_)
        | Command::SetPresence(_)
        | Command::Resume(_)
        | Command::Authenticate(_)
        | Command::Ping(_) => None,
    }
}

/// The log that a frame would append to.
#[must_use]
pub fn log_of(command: &Command) -> Option<Target> {
    match command {
        Command::ChatMessage(c) => Some(Target::Room(c.room_id.clone())),
        Command::EditMessage(c) => Some(Target::Room(c.room_id.clone())),
        Command::DeleteMessage(c) => Some(Target::Room(c.room_id.clone())),
        Command::React(c) => Some(Target::Room(c.room_id.clone())),
        Command::PrivateMessage(c) => Some(Target::Direct(c.data.recipient_id.clone())),
        Command::JoinRoom(_)
        | Command::LeaveRoom(_)
        | Command::Typing(_)
        | Command::Read(_)
        | Command::SetPresence(_)
        | Command::Resume(_)
        | Command::Authenticate(_)
        | Command::Ping(_) => None,
    }
}
