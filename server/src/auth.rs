//! Who is asking: tokens, tickets and cookies, made into a [`Principal`].
//!
//! [`keys`] are what tokens are checked with, [`token`] checks and makes them, [`ticket`] is the single-use
//! stand-in for a URL, [`cookie`] the one of a browser's own page, [`extract`] what a handler asks for.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tidings_protocol::{Code, Timestamp, UserId};

use crate::clock::{Clock, later, until};
use crate::config::{AuthConfig, ConfigError};
use crate::error::Error;
use crate::random;
use crate::revocation::{Revocations, Revoked};

pub mod cookie;
pub mod extract;
pub mod keys;
pub mod principal;
pub mod signing;
pub mod ticket;
pub mod token;

pub use self::extract::{Authenticated, Caller, PageCaller, Via};
pub use self::principal::{Admission, Principal, RoomAccess, RoomPattern, Scope, Scopes};
pub use self::ticket::{LocalUsedTickets, UsedTickets};

use self::keys::Keys;
use self::signing::SigningKey;
use self::ticket::Tickets;
use self::token::{Claims, Rules};

/// Longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What the key of tickets is derived for.
const TICKET_PURPOSE: &str = "tidings ticket 1";
/// How long a token of the development sign-in counts.
const LOGIN_TTL: Duration = Duration::from_secs(12 * 3600);

/// Why someone is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Neither token nor ticket nor cookie.
    #[error("no token")]
    Missing,
    /// The token is longer than any that counts.
    #[error("the token is too long")]
    TooLong,
    /// The token is none, or says what cannot be.
    #[error("the token cannot be read")]
    Malformed,
    /// There is no such key here.
    #[error("the token is signed by a key that is not known here")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the token's signature does not count here")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token does not count yet")]
    NotYet,
    /// It comes from elsewhere.
    #[error("the token has another issuer")]
    Issuer,
    /// It is for someone else.
    #[error("the token is for another audience")]
    Audience,
    /// The ticket is none, is too old, or was used.
    #[error("the ticket is wrong, too old or used")]
    Ticket,
    /// A cookie on a request that the server's own page did not send.
    #[error("a cookie counts only on requests of this server's own page")]
    ForeignCookie,
    /// A page that may not connect.
    #[error("pages of this origin may not connect")]
    ForeignOrigin,
    /// The token was revoked.
    #[error("the token was revoked")]
    Revoked,
    /// The user is banned.
    #[error("this user is banned")]
    Banned,
    /// Used tickets cannot be looked up.
    #[error("tickets cannot be checked right now")]
    TicketsUnavailable,
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::Missing
            | AuthError::TooLong
            | AuthError::Malformed
            | AuthError::UnknownKey
            | AuthError::Signature
            | AuthError::Expired
            | AuthError::NotYet
            | AuthError::Issuer
            | AuthError::Audience
            | AuthError::Ticket
            | AuthError::Revoked => Code::Unauthenticated,
            AuthError::ForeignCookie | AuthError::ForeignOrigin | AuthError::Banned => Code::Forbidden,
            AuthError::TicketsUnavailable => Code::Unavailable,
        };
        Self::new(code).detail(error.to_string())
    }
}

/// Checks and makes tokens and tickets.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    rules: Rules,
    tickets: Tickets,
    revocations: Arc<Revocations>,
    clock: Clock,
    /// Signs what the development sign-in gives out; there only under `--dev`.
    login: Option<SigningKey>,
}

impl Authenticator {
    /// Reads the keys. `used` is where used tickets are remembered.
    ///
    /// # Errors
    /// The keys cannot be read.
    pub async fn new(
        config: &AuthConfig,
        clock: Clock,
        used: Arc<dyn UsedTickets>,
    ) -> Result<Self, ConfigError> {
        let random = random::secret();
        let secret = config.jwt_secret.as_ref();
        let login = config.dev.then(|| SigningKey::new(secret.unwrap_or(&random)));
        let keys = Keys::new(config, config.dev.then_some(&random)).await?;
        let ticket_key = match (&config.ticket_secret, secret) {
            (Some(own), _) => Some(SigningKey::new(own)),
            (None, Some(secret)) => Some(SigningKey::derived(secret, TICKET_PURPOSE)),
            (None, None) => None,
        };
        let (rules, tickets) = (Rules::new(config), Tickets::new(ticket_key, used));
        Ok(Self { keys, rules, tickets, revocations: Arc::default(), clock, login })
    }

    /// Where the settings hold no secret for tickets, takes the log's own: so they count on every node. Until then there
    /// are none.
    pub fn sign_tickets_by(&mut self, secret: &SecretString) {
        self.tickets.sign_by(|| SigningKey::derived(secret, TICKET_PURPOSE));
    }

    /// Checks a token.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn verify(&self, token: &str) -> Result<Principal, AuthError> {
        let verified = token::verify(token, &self.keys.current(), &self.rules, self.clock.now());
        if verified == Err(AuthError::UnknownKey) {
            self.keys.miss();
        }
        self.still_counts(verified?)
    }

    /// Checks a ticket and uses it up.
    ///
    /// # Errors
    /// Why it does not count.
    pub async fn redeem(&self, ticket: &str) -> Result<Principal, AuthError> {
        self.still_counts(self.tickets.redeem(ticket, self.clock.now()).await?)
    }

    /// What a token said when it was checked may have been taken back since.
    ///
    /// # Errors
    /// It was.
    pub fn hold_to_revocations(&self, principal: &Principal) -> Result<(), AuthError> {
        match self.revocations.judge(&principal.user_id, principal.token_id, self.clock.now()) {
            None => Ok(()),
            Some(Revoked::User) => Err(AuthError::Banned),
            Some(Revoked::Token) => Err(AuthError::Revoked),
        }
    }

    fn still_counts(&self, principal: Principal) -> Result<Principal, AuthError> {
        self.hold_to_revocations(&principal).map(|()| principal)
    }

    /// What tokens and users are held against besides their keys; the node keeps it up to date.
    #[must_use]
    pub const fn revocations(&self) -> &Arc<Revocations> {
        &self.revocations
    }

    /// Makes a ticket that stands for the principal.
    ///
    /// # Errors
    /// `INTERNAL` where signing fails.
    pub fn ticket(&self, principal: &Principal) -> Result<tidings_protocol::http::Ticket, Error> {
        self.tickets.issue(principal, self.clock.now())
    }

    /// Signs a user in by name.
    ///
    /// # Errors
    /// `NOT_FOUND` without `--dev`.
    pub fn login(&self, user: &UserId, name: Option<&str>) -> Result<(String, Timestamp), Error> {
        let key = self.login.as_ref().ok_or_else(|| Error::new(Code::NotFound))?;
        let expires_at = whole_second(later(self.clock.now(), LOGIN_TTL));
        let claims =
            Claims::new(user, expires_at).name(name).place(self.rules.issuer(), self.rules.audience());
        let token = key.sign("JWT", &claims).map_err(|error| Error::internal(&error))?;
        Ok((token, expires_at))
    }

    /// Whether anyone may sign in by name.
    #[must_use]
    pub const fn is_dev(&self) -> bool {
        self.login.is_some()
    }

    /// How far clocks may differ: a session ends no later than its token's `exp` plus this.
    #[must_use]
    pub const fn leeway(&self) -> Duration {
        self.rules.leeway()
    }

    /// How long a session may stand on a token that has just been taken: up to its end, or, where that has passed, up to the
    /// end of what clocks may differ by.
    #[must_use]
    pub fn counts_for(&self, principal: &Principal) -> Duration {
        let now = self.clock.now();
        let left = until(now, principal.expires_at);
        let over = || self.leeway().saturating_sub(until(principal.expires_at, now));
        if left.is_zero() { over() } else { left }
    }

    /// The clock that tokens are checked by.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at the key file or address again.
    pub async fn refresh_keys(&self) {
        self.keys.refresh().await;
    }

    /// Keeps the keys fresh for as long as it is awaited.
    pub async fn keep_keys_fresh(&self) {
        self.keys.keep_fresh().await;
    }
}

/// Makes a token by the server's secret, as the `token` command does.
///
/// # Errors
/// The secret is too short, or signing fails.
pub fn make_token(args: &crate::cli::TokenArgs, clock: &Clock) -> Result<String, TokenError> {
    let secret = args.jwt_secret.as_ref().ok_or(TokenError::NoSecret)?;
    crate::config::secret::check("jwt-secret", secret)?;
    let claims = Claims::new(&args.sub, whole_second(later(clock.now(), args.ttl)))
        .name(args.name.as_deref())
        .scope(args.scope.as_deref())
        .rooms(args.rooms.as_deref())
        .place(args.jwt_issuer.as_deref(), args.jwt_audience.as_deref());
    let token = SigningKey::new(secret).sign("JWT", &claims)?;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::TooLong);
    }
    Ok(token)
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Nothing to sign with.
    #[error("no secret to sign with: set TIDINGS_JWT_SECRET to the server's")]
    NoSecret,
    /// The secret does not do.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Signing failed.
    #[error("signing failed: {0}")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// It holds too much.
    #[error("the token would be longer than 8 KiB, which no server takes; name fewer rooms")]
    TooLong,
}

/// The next whole second: what `exp` is usually written in.
fn whole_second(at: Timestamp) -> Timestamp {
    let rest = at.as_millis() % 1000;
    if rest == 0 { at } else { Timestamp::from_millis(at.as_millis() + 1000 - rest) }
}

fn expose(secret: &secrecy::SecretString) -> &[u8] {
    secret.expose_secret().as_bytes()
}
