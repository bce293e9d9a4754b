//! What client sessions without a connection of their own want to be shown as: it outlasts a poll or stream, and holds on
//! whatever node the next one is.

use std::collections::HashMap;
use std::time::Duration;

use tidings_protocol::{ClientSession, UserId};
use tokio::time::Instant;

use super::gossip::Show;

/// Client sessions that are remembered at most.
const MOST: usize = 100_000;
/// For how long, when nothing is left of the client session on any node.
const KEPT_FOR: Duration = Duration::from_secs(120);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Shown(HashMap<(UserId, ClientSession), Wish>);

/// What one client session has said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) away: bool,
    /// When, by this node's clock.
    pub(super) said_at: Instant,
    /// To this node: who has missed it is told again.
    is_own: bool,
    until: Instant,
}

impl Shown {
    /// A client session has said this, as is known `now`. Whether that is news.
    pub(super) fn note(
        &mut self,
        user: &UserId,
        client: &ClientSession,
        away: bool,
        said_at: Instant,
        now: Instant,
    ) -> bool {
        let (key, until) = ((user.clone(), client.clone()), now + KEPT_FOR);
        if let Some(known) = self.0.get_mut(&key) {
            known.until = until;
            if known.away == away || said_at < known.said_at {
                return false;
            }
        } else if self.0.len() >= MOST {
            return true;
        }
        self.0.insert(key, Wish { away, said_at, is_own: false, until });
        true
    }

    /// It was said then for sure, to this node or to another. What is only seen elsewhere seems to be a moment younger than
    /// it is, and says nothing of when.
    pub(super) fn said(&mut self, user: &UserId, client: &ClientSession, said_at: Instant, is_own: bool) {
        if let Some(known) = self.0.get_mut(&(user.clone(), client.clone()))
            && known.said_at <= said_at
        {
            (known.said_at, known.is_own) = (said_at, is_own);
        }
    }

    /// What a client session that comes is to be shown as.
    pub(super) fn of(&mut self, user: &UserId, client: &ClientSession, now: Instant) -> Option<Wish> {
        let known = self.0.get_mut(&(user.clone(), client.clone()))?;
        known.until = now + KEPT_FOR;
        Some(*known)
    }

    /// Whether something is known of it.
    pub(super) fn has(&self, user: &UserId, client: &ClientSession) -> bool {
        self.0.contains_key(&(user.clone(), client.clone()))
    }

    /// What was said to this node, for one who has missed it.
    pub(super) fn own(&self, now: Instant) -> Vec<Show> {
        let own = self.0.iter().filter(|(_, wish)| wish.is_own);
        let shows = own.map(|((user, client), wish)| Show {
            user: user.clone(),
            client: client.clone(),
            away: wish.away,
            ago: millis(now.saturating_duration_since(wish.said_at)),
        });
        shows.collect()
    }

    /// Forgets those of which nothing is left, as `is_there` says.
    pub(super) fn expire(&mut self, now: Instant, is_there: impl Fn(&UserId, &ClientSession) -> bool) {
        self.0.retain(|(user, client), wish| {
            if wish.until <= now && is_there(user, client) {
                wish.until = now + KEPT_FOR;
            }
            wish.until > now
        });
    }
}

/// A time in milliseconds, as nodes tell it.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
