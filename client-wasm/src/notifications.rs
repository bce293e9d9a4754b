//! Notifications: an EventSource that survives lost connections and page loads, and the list over HTTP.

mod fetched;
mod refusal;
mod retry;
mod source;
mod stream;

use alloc::rc::Rc;
use alloc::string::String;
use alloc::string::ToString;

use tidings_client_core::Instant;
use tidings_protocol::http::NotificationPage;

pub use self::source::StreamEventKind;
use self::stream::Stream;
use crate::auth::Auth;
use crate::config::Config;
use crate::http::{Http, HttpError, escape};
use crate::listeners::Subscription;

/// A user's notifications. Cheap to clone: all clones are the same stream.
///
/// It is inert until [`connect`](Self::connect). Its stream asks for a ticket, so that no token stands in an address;
/// when the stream breaks it is closed, and reopened with a new ticket after the last event that arrived. That position
/// is kept across page loads.
///
/// An event may come twice (the server repeats rather than skips): tell notifications apart by their `id`.
///
/// ```no_run
/// # use tidings_client::{Config, Credentials, NotificationClient, NotificationEvent};
/// # fn show(_: &str, _: &str) {}
/// let config = Config::new("https://chat.example", Credentials::Token("…".into()));
/// let notifications = NotificationClient::new(config);
/// notifications
///     .subscribe(|event| {
///         if let NotificationEvent::Message { kind, data, .. } = event {
///             show(kind.as_str(), data);
///         }
///     })
///     .forget();
/// notifications.connect();
/// ```
#[derive(Clone)]
pub struct NotificationClient(Rc<Stream>);

/// What a notification client tells.
#[derive(Clone, Debug, PartialEq)]
pub enum NotificationEvent {
    /// The state of the stream changed.
    Status(StreamStatus),
    /// An event of the stream.
    Message {
        /// Which.
        kind: StreamEventKind,
        /// Its JSON text.
        data: String,
        /// The position after it, where it has one.
        cursor: Option<String>,
    },
    /// The stream was lost, or could not be opened.
    Disconnected(Option<HttpError>),
    /// [`Config::max_attempts`] is used up; the client is closed.
    MaxReconnectAttemptsReached,
}

/// The stream as an app shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    /// The state.
    pub state: StreamState,
    /// When the next attempt is made, while it is waited for; on the clock of [`Client::now`](crate::Client::now).
    pub next_retry_at: Option<Instant>,
    /// Attempts since a stream last stood.
    pub attempts: u32,
}

/// The states of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// Never asked to connect.
    Idle,
    /// The first attempt is under way.
    Connecting,
    /// The stream stands.
    Connected,
    /// The stream was lost or did not come about; the next attempt is waited for or under way.
    Reconnecting,
    /// Closed for good.
    Closed,
}

impl StreamState {
    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Closed => "closed",
        }
    }
}

impl NotificationClient {
    /// A client with credentials of its own. See [`Client::notifications`](crate::Client::notifications) for one that
    /// shares those of a chat client.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let http = Http::new(&config.http_url(), Rc::new(Auth::new(config.credentials.clone())));
        Self::over(http, &config)
    }

    pub(crate) fn over(http: Http, config: &Config) -> Self {
        Self(Stream::new(http, config))
    }

    /// Opens the stream, and keeps it open until [`close`](Self::close).
    pub fn connect(&self) {
        self.0.connect();
    }

    /// Attempts to connect now in place of waiting.
    pub fn reconnect_now(&self) {
        self.0.reconnect_now();
    }

    /// Closes the stream for good. Its position is kept.
    pub fn close(&self) {
        self.0.close();
    }

    /// Where the stream stands.
    #[must_use]
    pub fn status(&self) -> StreamStatus {
        self.0.status()
    }

    /// The position after the last event that arrived, in this page load or an earlier one.
    #[must_use]
    pub fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }

    /// Calls back on every event, until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&NotificationEvent) + 'static) -> Subscription {
        self.0.subscribe(callback)
    }

    /// A page of the user's notifications, newest first.
    ///
    /// # Errors
    /// As [`Http::get_json`].
    pub async fn list(
        &self,
        only_unread: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<NotificationPage, HttpError> {
        let mut path = ["/api/v1/notifications?limit=", &limit.to_string()].concat();
        if only_unread {
            path.push_str("&unread=true");
        }
        if let Some(before) = before {
            path.push_str("&before=");
            path.push_str(&escape(before));
        }
        self.0.http().get_json(&path).await
    }

    /// Marks one as read, here and on the user's other devices.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn mark_read(&self, id: &str) -> Result<(), HttpError> {
        let path = ["/api/v1/notifications/", &escape(id), "/read"].concat();
        self.0.http().post(&path, None).await.map(drop)
    }

    /// Marks all as read.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn mark_all_read(&self) -> Result<(), HttpError> {
        self.0.http().post("/api/v1/notifications/read-all", None).await.map(drop)
    }

    /// Deletes one.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn delete(&self, id: &str) -> Result<(), HttpError> {
        self.0.http().delete(&["/api/v1/notifications/", &escape(id)].concat()).await.map(drop)
    }

    /// Deletes all.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub async fn clear(&self) -> Result<(), HttpError> {
        self.0.http().delete("/api/v1/notifications").await.map(drop)
    }
}
