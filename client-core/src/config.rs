//! What a session is told once, when it is made.

use tidings_protocol::ClientSession;

use crate::time::Duration;
use crate::transport::Transports;

/// Settings of a [`Session`](crate::Session). [`Config::new`] holds the defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// 128 random bits: jitter and ids are drawn from them. Two clients of one user must not share a seed.
    pub seed: [u64; 2],
    /// Names this page load or process to the server; drawn from the seed where it is `None`.
    pub client_session: Option<ClientSession>,
    /// Whether notifications are to come over this connection too.
    pub notifications: bool,
    /// Whether the driver can fetch a new token. Without, a close with 4001 is final.
    pub refreshable_token: bool,
    /// Whether the driver keeps the outbox: then nothing is sent before
    /// [`Input::StorageLoaded`](crate::Input::StorageLoaded).
    pub storage: bool,
    /// The transports that may be used. They are tried from the best to the least.
    pub transports: Transports,
    /// First bound of the time between two looks at a better transport than the one in use; it doubles with each look
    /// in vain.
    pub look_up_after: Duration,
    /// Attempts to connect, in a row without success, after which the session closes; `None`: never.
    pub max_attempts: Option<u32>,
    /// First bound of the wait between two attempts; it doubles with each attempt.
    pub backoff_base: Duration,
    /// Last bound of the wait between two attempts.
    pub backoff_cap: Duration,
    /// Most messages in the outbox, failed ones included.
    pub max_queued: usize,
    /// Most bytes of frames in the outbox.
    pub max_queued_bytes: usize,
}

impl Config {
    /// The defaults, with a seed.
    #[must_use]
    pub const fn new(seed: [u64; 2]) -> Self {
        Self {
            seed,
            client_session: None,
            notifications: false,
            refreshable_token: true,
            storage: false,
            transports: Transports::ALL,
            look_up_after: Duration::from_secs(30),
            max_attempts: None,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(20),
            max_queued: 1_000,
            max_queued_bytes: 1024 * 1024,
        }
    }
}
