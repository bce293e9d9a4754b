//! What a client is told when it is made.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidings_client_core::Transports;

/// Settings of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's base address: `http://`, `https://`, `ws://` or `wss://`, with a path where it is mounted at one.
    pub url: String,
    /// The token.
    pub token: Token,
    /// Whether notifications are to come over the connection too.
    pub notifications: bool,
    /// The transports that may be used, tried from the best to the least.
    pub transports: Transports,
    /// First bound of the time between two looks at a better transport than the one in use; it doubles with each look
    /// in vain.
    pub look_up_after: Duration,
    /// Attempts to reconnect in a row after which the client closes; `None`: never.
    pub max_attempts: Option<u32>,
    /// Frames that may wait to be taken out of [`Events`](crate::Events) before the socket is no longer read.
    pub event_buffer: usize,
    /// Read buffer of the socket, in bytes: small, so that thousands of clients fit into a process.
    pub read_buffer: usize,
}

impl Config {
    /// The defaults, with a fixed token.
    pub fn new(url: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: Token::Fixed(token.into()),
            notifications: false,
            transports: Transports::ALL,
            look_up_after: Duration::from_secs(30),
            max_attempts: None,
            event_buffer: 1_024,
            read_buffer: 4_096,
        }
    }
}

/// A token being fetched; the error is a sentence for people.
pub(crate) type Fetching = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// Where the token comes from.
#[derive(Clone)]
pub enum Token {
    /// Always the same one. When the server refuses it, that is final.
    Fixed(String),
    /// Fetched before each connection and when one expires. The argument: the last one was refused.
    Fetched(Arc<dyn Fn(bool) -> Fetching + Send + Sync>),
}

impl Token {
    /// A token that `fetch` gets.
    pub fn fetched<F, R>(fetch: F) -> Self
    where
        F: Fn(bool) -> R + Send + Sync + 'static,
        R: Future<Output = Result<String, String>> + Send + 'static,
    {
        Self::Fetched(Arc::new(move |fresh| Box::pin(fetch(fresh))))
    }

    pub(crate) const fn is_refreshable(&self) -> bool {
        matches!(self, Self::Fetched(_))
    }

    async fn get(&self, fresh: bool) -> Result<String, String> {
        match self {
            Self::Fixed(token) => Ok(token.clone()),
            Self::Fetched(fetch) => fetch(fresh).await,
        }
    }
}

/// The token with what it came to last.
#[derive(Clone)]
pub(crate) struct Tokens {
    source: Token,
    last: Arc<Mutex<Option<String>>>,
}

impl Tokens {
    pub(crate) fn new(source: Token) -> Self {
        Self { source, last: Arc::default() }
    }

    /// A token from its source. `fresh`: the last one was refused.
    pub(crate) async fn fetch(&self, fresh: bool) -> Result<String, String> {
        let token = self.source.get(fresh).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// The last token, where there is one.
    pub(crate) async fn last(&self) -> Result<String, String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some(token) => Ok(token),
            None => self.fetch(false).await,
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}
