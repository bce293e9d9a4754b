//! The handle that apps hold.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use tidings_client_core::{Command, Entry, Event, Instant, Status, Stored};
use tidings_protocol::command::OnlineStatus;
use tidings_protocol::{ClientId, MessageId, RoomId, UserId};

use crate::auth::Auth;
use crate::config::Config;
use crate::driver::Driver;
use crate::host;
use crate::http::Http;
use crate::listeners::Subscription;
use crate::notifications::NotificationClient;

/// A chat client. Cheap to clone: all clones are the same client.
///
/// It is inert until [`connect`](Self::connect). From then on it stays connected: it comes back by itself, rejoins its
/// rooms and replays what was missed. What is sent goes into an outbox and leaves it when the server has it durably;
/// the outbox outlives the page (see [`Config::persistence`]).
///
/// All that happens is told by [`subscribe`](Self::subscribe). Methods may be called from a callback; what they cause is
/// told after the callback has returned.
///
/// ```no_run
/// # use tidings_client::{Client, Config, Credentials, Event};
/// # fn show(_: &str) {}
/// # fn main() -> Result<(), tidings_protocol::id::InvalidId> {
/// let client = Client::new(Config::new("https://chat.example", Credentials::Token("…".into())));
/// let subscription = client.subscribe(|event| {
///     if let Event::Frame(frame) = event {
///         show(frame.text());
///     }
/// });
/// client.connect();
/// let general = "general".parse()?;
/// client.join(&general, None);
/// let id = client.send(&general, "Hello", None);
/// # drop((subscription, id));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Rc<Driver>);

impl Client {
    /// A client that does nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let http = Http::new(&config.http_url(), Rc::new(Auth::new(config.credentials.clone())));
        Self(Driver::new(config, http))
    }

    #[cfg(feature = "js")]
    pub(crate) fn command(&self, command: Command) {
        self.0.command(command);
    }

    /// Connects, and stays connected until [`close`](Self::close).
    pub fn connect(&self) {
        self.0.command(Command::Connect);
    }

    /// Attempts to connect now in place of waiting.
    pub fn reconnect_now(&self) {
        self.0.command(Command::Reconnect);
    }

    /// Disconnects for good. The outbox stays for the next page load, unless it is to be forgotten, as it is when a
    /// user signs out.
    pub fn close(&self, forget: bool) {
        self.0.command(Command::Close { forget });
    }

    /// Is in a room, now and after every reconnect. Entries after `after_seq` are replayed; without it, those after the
    /// position that this client has of the room, or none where it has none.
    pub fn join(&self, room: &RoomId, after_seq: Option<u64>) {
        self.0.command(Command::Join { room: room.clone(), after: after_seq });
    }

    /// Is in a room no longer. Leaving a public room ends the membership too.
    pub fn leave(&self, room: &RoomId) {
        self.0.command(Command::Leave { room: room.clone() });
    }

    /// Sends a message to a room. The id is the message's `clientId`, and names it in [`Event::Sent`].
    pub fn send(&self, room: &RoomId, content: impl Into<String>, reply_to: Option<MessageId>) -> ClientId {
        self.enqueue(Entry::Chat { room: room.clone(), content: content.into(), reply_to })
    }

    /// Sends a message to a user.
    pub fn send_private(
        &self,
        recipient: &UserId,
        content: impl Into<String>,
        reply_to: Option<MessageId>,
    ) -> ClientId {
        self.enqueue(Entry::Private { recipient: recipient.clone(), content: content.into(), reply_to })
    }

    /// Replaces the text of one's own message.
    pub fn edit(&self, room: &RoomId, message: &MessageId, content: impl Into<String>) -> ClientId {
        self.enqueue(Entry::Edit { room: room.clone(), message: message.clone(), content: content.into() })
    }

    /// Deletes one's own message.
    pub fn delete(&self, room: &RoomId, message: &MessageId) -> ClientId {
        self.enqueue(Entry::Delete { room: room.clone(), message: message.clone() })
    }

    /// Sets a reaction, or unsets it with `remove`.
    pub fn react(
        &self,
        room: &RoomId,
        message: &MessageId,
        emoji: impl Into<String>,
        remove: bool,
    ) -> ClientId {
        self.enqueue(Entry::React {
            room: room.clone(),
            message: message.clone(),
            emoji: emoji.into(),
            remove,
        })
    }

    /// Puts an entry into the outbox.
    pub fn enqueue(&self, entry: Entry) -> ClientId {
        let id = self.0.next_id();
        self.enqueue_as(id.clone(), entry);
        id
    }

    /// As [`enqueue`](Self::enqueue), with an id that the caller has drawn: a fresh UUID.
    pub fn enqueue_as(&self, id: ClientId, entry: Entry) {
        self.0.command(Command::Send { id, entry });
    }

    /// Sends a refused entry again, behind those that wait.
    pub fn retry(&self, id: &ClientId) {
        self.0.command(Command::Retry { id: id.clone() });
    }

    /// Puts another entry in the place of one that was refused or never sent, and sends it.
    pub fn revise(&self, id: &ClientId, entry: Entry) {
        self.0.command(Command::Revise { id: id.clone(), entry });
    }

    /// Drops an entry that was refused or never sent. One that is on its way, or may be, stays.
    pub fn cancel(&self, id: &ClientId) {
        self.0.command(Command::Cancel { id: id.clone() });
    }

    /// Moves the user's read marker of a room forward.
    pub fn read(&self, room: &RoomId, seq: u64) {
        self.0.command(Command::Read { room: room.clone(), seq });
    }

    /// Says that the user types, or has stopped. While the user types, say so again at least every 3 s; the server
    /// takes it back by itself after 5 s.
    pub fn typing(&self, room: &RoomId, is_typing: bool) {
        self.0.command(Command::Typing { room: room.clone(), is_typing });
    }

    /// What the others see of this user, now and after every reconnect.
    pub fn presence(&self, status: OnlineStatus) {
        self.0.command(Command::Presence(status));
    }

    /// Where the connection stands.
    #[must_use]
    pub fn state(&self) -> Status {
        self.0.status()
    }

    /// How many entries the outbox holds, refused ones included.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.queued()
    }

    /// What the outbox holds, in order, refused entries included. After a reload this is what the last page left; it is
    /// there when the user is known, which with a token or [`Config::user_id`] is at once.
    #[must_use]
    pub fn outbox(&self) -> Vec<Stored> {
        self.0.outbox()
    }

    /// Calls back on every event, in order, until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&Event) + 'static) -> Subscription {
        self.0.subscribe(move |events| events.iter().for_each(&callback))
    }

    /// As [`subscribe`](Self::subscribe), with all the events at once that one input brought: a replay is one call.
    pub fn subscribe_batches(&self, callback: impl Fn(&[Event]) + 'static) -> Subscription {
        self.0.subscribe(callback)
    }

    /// Requests to the HTTP interface with this client's credentials.
    #[must_use]
    pub fn http(&self) -> Http {
        self.0.http().clone()
    }

    /// The user's notifications, with this client's credentials. Each call makes a stream of its own: make one.
    #[must_use]
    pub fn notifications(&self) -> NotificationClient {
        NotificationClient::over(self.http(), self.0.config())
    }

    /// The settings that the client was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.0.config()
    }

    /// Who the user is, as far as it is known.
    #[must_use]
    pub fn user_id(&self) -> Option<String> {
        self.0.user_id()
    }

    /// Now, on the clock of [`Status::next_retry_at`].
    #[must_use]
    pub fn now(&self) -> Instant {
        host::now()
    }
}
