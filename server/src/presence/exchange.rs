//! What this node tells the others of its people, and what follows from what they tell.

use std::collections::HashSet;
use std::time::Duration;

use tidings_protocol::{RoomId, UserId};
use tokio::time::Instant;

use super::change::Change;
use super::claim::Claim;
use super::gossip::{Heard, Message, News, Said, Show};
use super::here::Until;
use super::{Inner, Presence};

/// Sessions of one client session that were opened closer to each other than this are told apart by their ids.
const TOGETHER: Duration = Duration::from_secs(2);

impl Presence {
    /// The user's direct partners, whom the other nodes tell too.
    pub fn know_partners(&self, user: &UserId, partners: Vec<UserId>) {
        self.inner.lock().gossip.partners(user, partners);
    }

    /// A user types by a request to this node.
    pub fn say_typing(&self, user: &UserId, room: &RoomId) {
        self.inner.lock().gossip.say(Said::Typing { user: user.clone(), room: room.clone() });
    }

    /// Everything that is to be told to the others now, as JSON texts.
    pub fn take_gossip(&self) -> Vec<String> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Inner { here, gossip, shown, .. } = &mut *inner;
        let claim = |user: &UserId| here.get(user).map(|here| here.claim(now)).unwrap_or_default();
        let messages = gossip.take(claim, || here.keys().cloned().collect(), || shown.own(now), now);
        messages.iter().filter_map(|message| serde_json::to_string(message).ok()).collect()
    }

    /// Now and then: this node lives.
    pub fn beat(&self) {
        self.inner.lock().gossip.beat();
    }

    /// Now and then: what was remembered for a time is forgotten.
    pub fn forget_old(&self) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        let Inner { shown, view, leaving, .. } = &mut *inner;
        shown.expire(now, |user, client| view.has(user, client));
        leaving.retain(|_, until| *until > now);
    }

    /// Now and then, when all that has come was heard: who was silent for too long does not live. While nothing
    /// `can_be_heard`, silence says nothing.
    pub fn bury(&self, can_be_heard: bool) -> Vec<Change> {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        if !can_be_heard {
            inner.gossip.excuse_all(now);
            return Vec::new();
        }
        let dead = inner.gossip.take_dead(now);
        dead.into_iter().flat_map(|node| inner.forget_node(node)).collect()
    }

    /// Takes in what a node says. What cannot be read comes from a later version, and is left out.
    pub fn hear(&self, json: &str) -> Vec<Change> {
        let Ok(Message { from, name, said }) = serde_json::from_str::<Message>(json) else {
            return Vec::new();
        };
        let now = Instant::now();
        let mut inner = self.inner.lock();
        if from == inner.gossip.own {
            return Vec::new();
        }
        match &said {
            Said::Show(show) => return inner.learn_shown(show, now),
            Said::Shows { shows } => {
                return shows.iter().flat_map(|show| inner.learn_shown(show, now)).collect();
            }
            Said::Leave { user, client, room } => return inner.end_lease(room, user, client, now),
            Said::Typing { user, room } => {
                return vec![Change::Types { user: user.clone(), room: room.clone() }];
            }
            Said::Alive { .. } | Said::Delta { .. } | Said::All { .. } | Said::Ask { .. } | Said::Unknown => {
            }
        }
        match inner.gossip.hear(from, name, said, now) {
            Heard::Nothing => Vec::new(),
            Heard::Changed(news) => news.into_iter().flat_map(|news| inner.learn(from, news, now)).collect(),
            Heard::Everything(news) => {
                let known: HashSet<&UserId> = news.iter().map(|n| &n.user).collect();
                let mut gone = inner.view.users_of(from);
                gone.retain(|user| !known.contains(user));
                let mut changes: Vec<Change> = Vec::new();
                for user in gone {
                    changes.extend(inner.view.set(from, &user, Claim::default(), &[]));
                }
                for news in news {
                    changes.extend(inner.learn(from, news, now));
                }
                changes
            }
        }
    }
}

impl Inner {
    fn learn_shown(&mut self, show: &Show, now: Instant) -> Vec<Change> {
        let Show { user, client, away, ago } = show;
        let Some(said_at) = now.checked_sub(Duration::from_millis(*ago)) else { return Vec::new() };
        let changes = self.show_client(user, client, *away, said_at, now);
        self.shown.said(user, client, said_at, false);
        changes
    }

    fn learn(&mut self, from: u64, news: News, now: Instant) -> Vec<Change> {
        let News { user, claim, left, partners } = news;
        let mut changes = self.fenced_by(&user, &claim, now);
        // A node that has missed or forgotten what a client session said finds it in what is shown elsewhere.
        for seat in &claim.seats {
            let said_at = seat.said_ago.and_then(|ago| now.checked_sub(Duration::from_millis(ago)));
            if let (Some(client), Some(said_at)) = (&seat.client, said_at) {
                changes.extend(self.show_client(&user, client, seat.away, said_at, now));
            }
        }
        changes.extend(self.view.set(from, &user, claim, &left));
        for change in &mut changes {
            if let Change::Status { partners: known, .. } = change {
                known.clone_from(&partners);
            }
        }
        for room in &left {
            let key = (user.clone(), room.clone());
            if self.leaving.contains_key(&key) && self.view.sessions_in(room, &user, None) == 0 {
                self.leaving.remove(&key);
                changes.push(Change::Over { user: user.clone(), room: room.clone() });
            }
        }
        // A place that is held here for a room that was left elsewhere goes too.
        let own = self.here.get_mut(&user);
        let mut dropped = false;
        if let Some(here) = own {
            for room in &left {
                if self.view.sessions_in(room, &user, None) == 0 {
                    dropped |= here.rooms.remove(room).is_some();
                }
            }
        }
        if dropped {
            changes.extend(self.refresh(&user, None, now));
        }
        changes
    }

    /// This node's sessions that are older than another node's of the same client session: its fence did not arrive.
    fn fenced_by(&self, user: &UserId, claim: &Claim, now: Instant) -> Vec<Change> {
        let Some(here) = self.here.get(user) else { return Vec::new() };
        let mut fenced = Vec::new();
        for seat in claim.seats.iter().filter(|seat| seat.client.is_some() && !seat.held && !seat.leased) {
            let theirs = Duration::from_millis(seat.opened_ago);
            for (session, own) in &here.sessions {
                let ours = now.saturating_duration_since(own.opened);
                let is_older =
                    if ours.abs_diff(theirs) <= TOGETHER { *session < seat.session } else { ours > theirs };
                if own.until == Until::Open && own.client == seat.client && is_older {
                    fenced.push(Change::Fenced { user: user.clone(), session: session.clone() });
                }
            }
        }
        fenced
    }

    fn forget_node(&mut self, node: u64) -> Vec<Change> {
        let users = self.view.users_of(node);
        users.iter().flat_map(|user| self.view.set(node, user, Claim::default(), &[])).collect()
    }
}
