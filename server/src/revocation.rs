//! Whose word counts no more: what a node holds in memory of the store's revocations, so that every request and
//! frame can be held against it.
//!
//! The store has the truth. A node reads the changes that came after the last one that it knows whenever the broker
//! says that there are some, and on a tick of its own, so a lost hint is healed by the next tick.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use parking_lot::RwLock;
use tidings_protocol::{CloseCode, Timestamp, UserId};
use tokio::sync::{Mutex, Notify};
use tokio::time::Instant;

use crate::store::{Page, Revocation, RevocationRecord, Store, StoreError, Subject, TokenId};

/// Changes read at once.
const PAGE: u32 = 1_000;
/// A node that has read no change for this long reads all anew: changes may have been forgotten meanwhile.
const ANEW_AFTER: Duration = Duration::from_secs(20 * 60);
/// How long the store keeps a revocation that is over: much longer than a node goes on without reading.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(3600);

/// Why a word does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The user is banned.
    User,
    /// The token was revoked.
    Token,
}

impl Revoked {
    /// How a session that stands on it is closed.
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::User => CloseCode::Forbidden,
            Self::Token => CloseCode::Unauthenticated,
        }
    }
}

/// What a node knows. It holds no more than [`crate::store::MAX_REVOCATIONS`], which the store keeps to.
#[derive(Debug, Default)]
pub struct Revocations {
    held: RwLock<Held>,
    /// Held by whoever reads changes, with the time of the last reading.
    reading: Mutex<Option<Instant>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Held {
    revision: u64,
    bans: BTreeMap<UserId, Revocation>,
    tokens: HashMap<TokenId, Option<Timestamp>>,
}

/// What a reading has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Something changed: sessions are to be judged anew.
    pub changed: bool,
    /// All sessions of these users end.
    pub ended: Vec<UserId>,
}

impl Revocations {
    /// Whether a user's word by this token counts no more.
    #[must_use]
    pub fn judge(&self, user: &UserId, token: Option<TokenId>, now: Timestamp) -> Option<Revoked> {
        let held = self.held.read();
        if held.bans.get(user).is_some_and(|ban| is_on(ban.until, now)) {
            return Some(Revoked::User);
        }
        let until = held.tokens.get(&token?)?;
        is_on(*until, now).then_some(Revoked::Token)
    }

    /// A user's ban.
    #[must_use]
    pub fn ban(&self, user: &UserId, now: Timestamp) -> Option<Revocation> {
        self.held.read().bans.get(user).filter(|ban| is_on(ban.until, now)).cloned()
    }

    /// The bans, by user.
    #[must_use]
    pub fn bans(&self, after: Option<&UserId>, limit: usize, now: Timestamp) -> Page<Revocation> {
        use std::ops::Bound;
        let held = self.held.read();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let on = held.bans.range::<UserId, _>((from, Bound::Unbounded)).filter(|(_, b)| is_on(b.until, now));
        let mut items: Vec<Revocation> = on.take(limit + 1).map(|(_, ban)| ban.clone()).collect();
        let has_more = items.len() > limit;
        items.truncate(limit);
        Page { items, has_more }
    }

    /// The store has changes: whoever waits in [`Self::hinted`] goes on.
    pub fn hint(&self) {
        self.changed.notify_one();
    }

    /// Waits for a hint.
    pub async fn hinted(&self) {
        self.changed.notified().await;
    }

    /// Reads what has changed.
    ///
    /// # Errors
    /// The store does not answer: what was known still counts.
    pub async fn read(&self, store: &dyn Store) -> Result<News, StoreError> {
        let mut last_reading = self.reading.lock().await;
        let before = self.held.read().revision;
        let anew = last_reading.is_none_or(|last| last.elapsed() > ANEW_AFTER);
        let mut after = if anew { 0 } else { before };
        let mut fresh = anew.then(Held::default);
        let mut news = News::default();
        loop {
            let records = store.revocations(after, PAGE).await?;
            let Some(last) = records.last() else { break };
            after = last.revision;
            let short = records.len() < PAGE as usize;
            for record in records {
                news.changed = true;
                if record.revision > before
                    && !record.lifted
                    && let Subject::Sessions(user) = &record.revocation.subject
                {
                    news.ended.push(user.clone());
                }
                match &mut fresh {
                    Some(fresh) => fresh.apply(record),
                    None => self.held.write().apply(record),
                }
            }
            if short {
                break;
            }
        }
        if let Some(fresh) = fresh {
            *self.held.write() = fresh;
        }
        *last_reading = Some(Instant::now());
        Ok(news)
    }

    /// Forgets what is over.
    pub fn forget(&self, now: Timestamp) {
        let mut held = self.held.write();
        held.bans.retain(|_, ban| is_on(ban.until, now));
        held.tokens.retain(|_, until| is_on(*until, now));
    }
}

impl Held {
    fn apply(&mut self, record: RevocationRecord) {
        self.revision = record.revision;
        let RevocationRecord { lifted, revocation, .. } = record;
        match (revocation.subject.clone(), lifted) {
            (Subject::User(user), false) => {
                self.bans.insert(user, revocation);
            }
            (Subject::User(user), true) => {
                self.bans.remove(&user);
            }
            (Subject::Token(token), false) => {
                self.tokens.insert(token, revocation.until);
            }
            (Subject::Token(token), true) => {
                self.tokens.remove(&token);
            }
            (Subject::Sessions(_), _) => {}
        }
    }
}

fn is_on(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_none_or(|until| now < until)
}

#[cfg(test)]
mod tests;
