//! What a client is told once, when it is made.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;

use tidings_client_core::Transports;

use crate::page::origin;
use crate::text::joined;

/// Fetches tokens. Cheap to clone: all clones fetch in the same way.
#[derive(Clone)]
pub struct TokenProvider(Rc<dyn Fn(bool, Answered)>);

/// What is called, once, with the token or with the reason why there is none.
pub(crate) type Answered = Box<dyn FnOnce(Result<String, String>)>;

impl TokenProvider {
    /// Calls `fetch` whenever a token is needed, for the token or the reason why there is none. Its argument says that the
    /// last one was refused, so that a cached one will not do.
    ///
    /// ```no_run
    /// # use tidings_client::TokenProvider;
    /// # async fn ask_my_server(_: bool) -> Result<String, String> { Ok(String::new()) }
    /// let provider = TokenProvider::new(|fresh| async move { ask_my_server(fresh).await });
    /// ```
    #[cfg(feature = "futures")]
    pub fn new<F>(fetch: impl Fn(bool) -> F + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + 'static,
    {
        Self::by_callback(move |fresh, answered| {
            let token = fetch(fresh);
            wasm_bindgen_futures::spawn_local(async move { answered(token.await) });
        })
    }

    /// As `new`, without futures. It answers later, never before it returns.
    pub(crate) fn by_callback(ask: impl Fn(bool, Answered) + 'static) -> Self {
        Self(Rc::new(ask))
    }

    pub(crate) fn ask(&self, fresh: bool, answered: Answered) {
        (self.0)(fresh, answered);
    }
}

/// By what a client is known to the server.
#[derive(Clone, Default)]
pub enum Credentials {
    /// By the cookie of `POST /api/v1/auth/session`: for pages that the server itself hands out.
    #[default]
    Cookie,
    /// By one token. When it expires, the client is closed.
    Token(String),
    /// By tokens that the app fetches whenever one is needed.
    Provider(TokenProvider),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cookie => "Cookie",
            Self::Token(_) => "Token([REDACTED])",
            Self::Provider(_) => "Provider",
        })
    }
}

/// Settings of a [`Client`](crate::Client) and of a [`NotificationClient`](crate::NotificationClient).
/// [`Config::new`] holds the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server: `https://chat.example`, or `wss://…`, with or without a path in front of the API. Empty: the
    /// server that the page came from.
    pub url: String,
    /// By what the client is known to the server.
    pub credentials: Credentials,
    /// Who the user is. Where it is left out it is read from the token; with a cookie or an opaque token there is
    /// nothing to read, and without it neither the outbox nor a notification cursor outlives the page.
    pub user_id: Option<String>,
    /// Whether notifications are to come over the chat connection too.
    pub notifications: bool,
    /// Whether the notification stream carries the token in a header, by `fetch`, in place of a ticket in the address of
    /// an EventSource. It does so anyway where there is no EventSource.
    pub notification_header: bool,
    /// Whether the outbox is kept across page loads. On by default.
    pub persistence: bool,
    /// Whether the pages of a user in one browser share one connection: one of them has it, the others speak by that. On
    /// by default. Where a page cannot (no secure context, no Web Locks, a worker), or nobody knows who the user is, it has
    /// a connection of its own.
    pub shared_connection: bool,
    /// The transports that may be used, tried from the best to the least. All of them by default.
    pub transports: Transports,
    /// Attempts to connect, in a row without success, after which the client closes; `None`: never.
    pub max_attempts: Option<u32>,
    /// Most messages in the outbox, failed ones included.
    pub max_queued: usize,
    /// Most bytes of frames in the outbox.
    pub max_queued_bytes: usize,
}

impl Config {
    /// The defaults, for a server and a way to be known to it.
    #[must_use]
    pub fn new(url: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            url: url.into(),
            credentials,
            user_id: None,
            notifications: false,
            notification_header: false,
            persistence: true,
            shared_connection: true,
            transports: Transports::ALL,
            max_attempts: None,
            max_queued: 1_000,
            max_queued_bytes: 1024 * 1024,
        }
    }

    /// The server's address for HTTP, without a slash at its end.
    pub(crate) fn http_url(&self) -> String {
        let mut url = &*self.url;
        while let Some(shorter) = url.strip_suffix('/') {
            url = shorter;
        }
        if url.is_empty() {
            return origin();
        }
        match url.strip_prefix("ws") {
            Some(rest) => joined(&["http", rest]),
            None => url.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_address_names_the_same_server() {
        let http = |url: &str| Config::new(url, Credentials::Cookie).http_url();
        assert_eq!(http("ws://localhost:8080"), "http://localhost:8080");
        assert_eq!(http("wss://chat.example/base/"), "https://chat.example/base");
        assert_eq!(http("https://chat.example"), "https://chat.example");
    }

    #[test]
    fn a_token_is_never_printed() {
        let config = Config::new("https://chat.example", Credentials::Token("secret".into()));
        assert!(!format!("{config:?}").contains("secret"));
    }
}
