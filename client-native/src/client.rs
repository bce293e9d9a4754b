//! The handle: each method hands a request to the driver's task.

use std::sync::{Arc, Mutex, PoisonError};

use tidings_client_core::{Command, Entry, Rng, State, Status};
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::id::InvalidId;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};
use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Config;
use crate::driver::{self, Closing, Inbox, Request};
use crate::error::{ConnectError, InvalidArgument, JoinError, SendError};
use crate::events::Events;
use crate::sent::Sent;

/// Requests that may wait for the driver.
const REQUESTS: usize = 32;

/// A client of one user. Clones are the same client; when the last is dropped, it disconnects.
#[derive(Clone, Debug)]
pub struct Client {
    requests: mpsc::Sender<Box<Request>>,
    /// Not a request: those wait while events do.
    closing: mpsc::Sender<Closing>,
    status: watch::Receiver<Status>,
    ids: Arc<Mutex<Rng>>,
}

impl Client {
    /// Makes a client and waits until it is connected for the first time.
    ///
    /// # Errors
    /// The client closed for good, as a wrong token makes it do.
    pub async fn connect(config: Config) -> Result<(Self, Events), ConnectError> {
        let (client, events) = Self::start(config)?;
        client.connected().await?;
        Ok((client, events))
    }

    /// Makes a client that connects on its own.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn start(config: Config) -> Result<(Self, Events), ConnectError> {
        let (seed, ids) = (random()?, Rng::new(random()?));
        let (requests, inbox) = mpsc::channel(REQUESTS);
        let (closing, closes) = mpsc::channel(1);
        let (outbox, events) = mpsc::channel(config.event_buffer.max(1));
        let status = driver::spawn(config, seed, Inbox { requests: inbox, closes }, outbox);
        Ok((Self { requests, closing, status, ids: Arc::new(Mutex::new(ids)) }, Events::new(events)))
    }

    /// Waits until the client is connected.
    ///
    /// # Errors
    /// The client closed for good.
    pub async fn connected(&self) -> Result<(), ConnectError> {
        let mut status = self.status.clone();
        let reached = status.wait_for(|s| matches!(s.state, State::Connected | State::Closed)).await;
        match reached.map(|s| (s.state, s.closed_by)) {
            Ok((State::Connected, _)) => Ok(()),
            Ok((_, by)) => Err(ConnectError::Closed { by }),
            Err(_) => Err(ConnectError::Closed { by: None }),
        }
    }

    /// The state of the connection.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// The state of the connection, to be watched.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Joins a room, now and after every reconnect, and waits for the server's word.
    ///
    /// # Errors
    /// The server refused, or the client is closed.
    pub async fn join(&self, room: &str) -> Result<(), JoinError> {
        self.join_after(room, None).await
    }

    /// Joins a room and replays what came after a position.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    pub async fn join_after(&self, room: &str, after: Option<u64>) -> Result<(), JoinError> {
        let room = room_id(room)?;
        let (answer, answered) = oneshot::channel();
        self.request(Request::Join { room, after, answer }).await;
        answered.await.unwrap_or(Err(JoinError::Closed))
    }

    /// Leaves a room, and waits until the server knows.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn leave(&self, room: &str) -> Result<(), JoinError> {
        let room = room_id(room)?;
        let (answer, answered) = oneshot::channel();
        self.request(Request::Leave { room, answer }).await;
        answered.await.map_err(|_| JoinError::Closed)
    }

    /// Sends a message to a room.
    ///
    /// # Errors
    /// The room's id is none.
    pub async fn send(&self, room: &str, content: impl Into<String>) -> Result<Sent, SendError> {
        let entry = Entry::Chat { room: room_id(room)?, content: content.into(), reply_to: None };
        Ok(self.send_entry(entry).await)
    }

    /// Sends a message to a user.
    ///
    /// # Errors
    /// The user's id is none.
    pub async fn send_private(&self, to: &str, content: impl Into<String>) -> Result<Sent, SendError> {
        let recipient = checked("userId", UserId::new(to))?;
        Ok(self.send_entry(Entry::Private { recipient, content: content.into(), reply_to: None }).await)
    }

    /// Replaces the text of one's own message.
    ///
    /// # Errors
    /// An id is none.
    pub async fn edit(
        &self,
        room: &str,
        message: &str,
        content: impl Into<String>,
    ) -> Result<Sent, SendError> {
        let (room, message) = (room_id(room)?, message_id(message)?);
        Ok(self.send_entry(Entry::Edit { room, message, content: content.into() }).await)
    }

    /// Deletes one's own message.
    ///
    /// # Errors
    /// An id is none.
    pub async fn delete(&self, room: &str, message: &str) -> Result<Sent, SendError> {
        let (room, message) = (room_id(room)?, message_id(message)?);
        Ok(self.send_entry(Entry::Delete { room, message }).await)
    }

    /// Sets or unsets a reaction.
    ///
    /// # Errors
    /// An id is none.
    pub async fn react(
        &self,
        room: &str,
        message: &str,
        emoji: &str,
        remove: bool,
    ) -> Result<Sent, SendError> {
        let (room, message) = (room_id(room)?, message_id(message)?);
        Ok(self.send_entry(Entry::React { room, message, emoji: emoji.to_owned(), remove }).await)
    }

    /// Sends any entry.
    pub async fn send_entry(&self, entry: Entry) -> Sent {
        let id = self.ids.lock().unwrap_or_else(PoisonError::into_inner).client_id();
        self.send_as(id, entry).await
    }

    /// Sends any entry under an id of the caller's own: whoever keeps it may send the entry again, in another
    /// process too, and it is stored once.
    pub async fn send_as(&self, id: ClientId, entry: Entry) -> Sent {
        self.answered(id.clone(), Command::Send { id, entry }).await
    }

    /// Sends a refused entry again.
    pub async fn retry(&self, id: &ClientId) -> Sent {
        self.answered(id.clone(), Command::Retry { id: id.clone() }).await
    }

    /// Drops an entry that was refused or never sent.
    pub async fn cancel(&self, id: &ClientId) {
        self.command(Command::Cancel { id: id.clone() }).await;
    }

    /// Moves the user's read marker of a room.
    ///
    /// # Errors
    /// The room's id is none.
    pub async fn read(&self, room: &str, seq: u64) -> Result<(), InvalidArgument> {
        self.command(Command::Read { room: room_id(room)?, seq }).await;
        Ok(())
    }

    /// Says that the user types, or has stopped.
    ///
    /// # Errors
    /// The room's id is none.
    pub async fn typing(&self, room: &str, is_typing: bool) -> Result<(), InvalidArgument> {
        self.command(Command::Typing { room: room_id(room)?, is_typing }).await;
        Ok(())
    }

    /// What the others see of this user.
    pub async fn presence(&self, status: OnlineStatus) {
        self.command(Command::Presence(status)).await;
    }

    /// Attempts to connect now in place of waiting, also after the server had closed for good.
    pub async fn reconnect(&self) {
        self.command(Command::Reconnect).await;
    }

    /// Disconnects and waits until the socket is closed. The client is of no use afterwards.
    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        // A driver that is gone, or goes without an answer, is as good as closed.
        let _ = self.closing.send(answer).await;
        let _ = answered.await;
    }

    async fn answered(&self, id: ClientId, command: Command) -> Sent {
        let (answer, answered) = oneshot::channel();
        self.request(Request::Send { id: id.clone(), command, answer }).await;
        Sent::new(id, answered)
    }

    async fn command(&self, command: Command) {
        self.request(Request::Command(command)).await;
    }

    async fn request(&self, request: Request) {
        // A driver that is gone drops the request, and with it the answer's sender: that is the answer.
        let _ = self.requests.send(Box::new(request)).await;
    }
}

fn room_id(text: &str) -> Result<RoomId, InvalidArgument> {
    checked("roomId", RoomId::new(text))
}

fn message_id(text: &str) -> Result<MessageId, InvalidArgument> {
    checked("messageId", MessageId::new(text))
}

fn checked<T>(what: &'static str, id: Result<T, InvalidId>) -> Result<T, InvalidArgument> {
    id.map_err(|source| InvalidArgument { what, source })
}

fn random() -> Result<[u64; 2], ConnectError> {
    let number = || getrandom::u64().map_err(|e| ConnectError::Random(e.to_string()));
    Ok([number()?, number()?])
}
