//! Tickets: a stand-in for a token in a URL, good once and for 30 s.
//!
//! A ticket is signed, so any node that has the key can check it; that it counts once is kept in [`UsedTickets`].

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tidings_protocol::limits::TICKET_TTL_MS;
use tidings_protocol::{Timestamp, http};

use super::principal::Principal;
use super::signing::SigningKey;
use super::token::{self, Claims};
use super::{AuthError, MAX_TOKEN_BYTES};
use crate::clock::later;
use crate::error::Error;
use crate::random;
use crate::store::TokenId;

/// The header's `typ`: a ticket is no token and a token no ticket.
const TYP: &str = "tidings-ticket";

/// How far the clocks of two nodes may be apart, or one may be set back, for a ticket to count.
const MOST_AHEAD: Duration = Duration::from_secs(30);
/// Most tickets remembered at once: at 30 s each that is 4,000 new sessions a second.
const MOST_REMEMBERED: usize = 120_000;

/// Remembers which tickets were used, for as long as they would count. One for all nodes of a cluster.
#[async_trait]
pub trait UsedTickets: Send + Sync + Debug {
    /// Marks the ticket as used, and says whether this was the first time.
    ///
    /// # Errors
    /// It cannot be said: then the ticket must not count.
    async fn first_use(&self, id: u128, expires_at: Timestamp, now: Timestamp) -> Result<bool, UsedError>;
}

/// Whether a ticket was used cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("used tickets cannot be looked up")]
pub struct UsedError;

/// Remembers in this process.
#[derive(Debug, Default)]
pub struct LocalUsedTickets {
    used: Mutex<HashMap<u128, Timestamp>>,
}

#[async_trait]
impl UsedTickets for LocalUsedTickets {
    async fn first_use(&self, id: u128, expires_at: Timestamp, now: Timestamp) -> Result<bool, UsedError> {
        let mut used = self.used.lock();
        if used.len() >= MOST_REMEMBERED {
            used.retain(|_, expires_at| *expires_at > now);
            if used.len() >= MOST_REMEMBERED {
                return Err(UsedError);
            }
        }
        Ok(used.insert(id, expires_at).is_none())
    }
}

/// What a ticket says.
#[derive(Serialize, Deserialize)]
struct Content {
    /// 128 random bits, in hexadecimal.
    jti: String,
    /// The `jti` of the token that it stands for, as it is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When the ticket ends, in milliseconds.
    end: i64,
    /// The claims of the token that it stands for.
    #[serde(flatten)]
    claims: Claims,
}

/// Makes and redeems tickets.
#[derive(Debug)]
pub(super) struct Tickets {
    /// None until the log is open, where the settings name none.
    key: Option<SigningKey>,
    used: Arc<dyn UsedTickets>,
}

impl Tickets {
    pub(super) fn new(key: Option<SigningKey>, used: Arc<dyn UsedTickets>) -> Self {
        Self { key, used }
    }

    /// Takes a key where there is none yet.
    pub(super) fn sign_by(&mut self, key: impl FnOnce() -> SigningKey) {
        self.key.get_or_insert_with(key);
    }

    pub(super) fn issue(&self, principal: &Principal, now: Timestamp) -> Result<http::Ticket, Error> {
        let expires_at = later(now, Duration::from_millis(TICKET_TTL_MS)).min(principal.expires_at);
        let jti = random::name();
        let token = principal.token_id.map(TokenId::to_hex);
        let content = Content { jti, token, end: expires_at.as_millis(), claims: Claims::of(principal) };
        let key = self.key.as_ref().ok_or_else(|| Error::internal(&AuthError::Ticket))?;
        let ticket = key.sign(TYP, &content).map_err(|error| Error::internal(&error))?;
        Ok(http::Ticket { ticket, expires_at })
    }

    pub(super) async fn redeem(&self, ticket: &str, now: Timestamp) -> Result<Principal, AuthError> {
        // A ticket holds what its token held and its own id besides.
        if ticket.len() > MAX_TOKEN_BYTES + 1024 {
            return Err(AuthError::Ticket);
        }
        let header = token::header(ticket).map_err(|_| AuthError::Ticket)?;
        if header.typ.as_deref() != Some(TYP) || header.alg != Algorithm::HS256 {
            return Err(AuthError::Ticket);
        }
        let key = self.key.as_ref().ok_or(AuthError::Ticket)?;
        let content: Content =
            token::decode(ticket, &key.verify, Algorithm::HS256).map_err(|_| AuthError::Ticket)?;
        let id = u128::from_str_radix(&content.jti, 16).map_err(|_| AuthError::Ticket)?;
        let end = Timestamp::from_millis(content.end);
        // A clock that was set back, or that is behind another node's, would let a ticket live for longer than its use is
        // remembered.
        if now >= end || end > later(now, Duration::from_millis(TICKET_TTL_MS) + MOST_AHEAD) {
            return Err(AuthError::Ticket);
        }
        match self.used.first_use(id, end, now).await {
            Ok(true) => {
                let token_id = content.token.as_deref().and_then(TokenId::from_hex);
                Ok(Principal { token_id, ..content.claims.into_principal() })
            }
            Ok(false) => Err(AuthError::Ticket),
            Err(UsedError) => Err(AuthError::TicketsUnavailable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_remembered_is_bounded_and_a_full_memory_refuses() {
        let used = LocalUsedTickets::default();
        let at = |millis| Timestamp::from_millis(millis);
        for id in 0..MOST_REMEMBERED as u128 {
            assert_eq!(used.first_use(id, at(30_000), at(0)).await, Ok(true));
        }
        assert_eq!(used.first_use(u128::MAX, at(30_000), at(0)).await, Err(UsedError));
        assert_eq!(used.first_use(u128::MAX, at(60_000), at(30_000)).await, Ok(true));
        assert_eq!(used.used.lock().len(), 1);
    }
}
