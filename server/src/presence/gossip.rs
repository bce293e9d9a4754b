//! How nodes come to know each other's claims: each publishes what changes, numbered; who has missed a number, or is
//! new, asks for all of it. A node that is silent for the time of its lease is taken for dead.
//!
//! Times are of the node that hears, and monotonic: no clock is compared with another's.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidings_protocol::{ClientSession, RoomId, UserId};
use tokio::time::Instant;

use super::claim::Claim;
use super::view::NodeKey;

/// Users in one message.
const USERS: usize = 200;
/// How long a change waits for the user's direct partners to be looked up, so that no other node has to.
const LOOKED_UP: Duration = Duration::from_millis(250);
/// How often one node is asked for everything.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Things that wait to be said beside the changes; what is past that is not said.
const ASIDE: usize = 4_096;
/// Nodes that are known; more than that is no cluster but an attack.
const PEERS: usize = 1_024;

/// What a node says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// Who says it: a number that a node draws when it starts.
    pub(super) from: NodeKey,
    /// Its name.
    #[serde(default)]
    pub(super) name: String,
    /// What it says.
    pub(super) said: Said,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(super) enum Said {
    /// It lives, and its last change has this number.
    Alive { version: u64 },
    /// These users have changed.
    Delta { version: u64, users: Vec<News> },
    /// Part of everything, as it is after the change of this number.
    All { version: u64, part: u32, parts: u32, users: Vec<News> },
    /// It wants everything of this node; of every node where there is no number.
    Ask { of: Option<NodeKey> },
    /// A client session has said to it what its user is to be shown as.
    Show(Show),
    /// All that client sessions have said to it of late, with everything.
    Shows { shows: Vec<Show> },
    /// A client session leaves a room.
    Leave { user: UserId, client: ClientSession, room: RoomId },
    /// A user still types, as a request on that node says.
    Typing { user: UserId, room: RoomId },
    /// Something that a later version says.
    #[serde(other)]
    Unknown,
}

/// What a client session is to be shown as.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Show {
    pub(super) user: UserId,
    pub(super) client: ClientSession,
    pub(super) away: bool,
    /// How long ago it said so, in milliseconds.
    #[serde(default)]
    pub(super) ago: u64,
}

/// A user's claim on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct News {
    #[serde(rename = "u")]
    pub(super) user: UserId,
    #[serde(rename = "k")]
    pub(super) claim: Claim,
    /// Rooms that were left on purpose.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left: Vec<RoomId>,
    /// The user's direct partners, where the node has looked them up.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(super) partners: Option<Vec<UserId>>,
}

/// This node's end of it.
#[derive(Debug)]
pub(super) struct Gossip {
    pub(super) own: NodeKey,
    name: String,
    /// `None`: there are no other nodes, and nothing is said.
    lease: Option<Duration>,
    version: u64,
    dirty: HashMap<UserId, Dirty>,
    peers: HashMap<NodeKey, Peer>,
    /// Things to say beside the changes.
    aside: Vec<Said>,
    all_asked: bool,
}

#[derive(Debug, Default)]
struct Dirty {
    left: Vec<RoomId>,
    partners: Option<Vec<UserId>>,
    /// It waits until then for the partners.
    until: Option<Instant>,
}

#[derive(Debug)]
struct Peer {
    name: String,
    version: Option<u64>,
    heard: Instant,
    asked: Option<Instant>,
    /// Parts of everything, until all are there.
    gathering: Option<(u64, u32, Vec<News>)>,
}

/// What a message leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// These users of the node have changed.
    Changed(Vec<News>),
    /// This is everything of the node.
    Everything(Vec<News>),
}

impl Gossip {
    pub(super) fn new(own: NodeKey, name: String, lease: Option<Duration>) -> Self {
        Self {
            own,
            name,
            lease,
            version: 0,
            dirty: HashMap::new(),
            peers: HashMap::new(),
            // A new node knows nobody.
            aside: lease.map(|_| Said::Ask { of: None }).into_iter().collect(),
            all_asked: false,
        }
    }

    /// The names of all nodes that are known, this one's too.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.peers.values().map(|peer| peer.name.clone());
        std::iter::once(self.name.clone()).chain(names).collect()
    }

    pub(super) fn mark(&mut self, user: &UserId, left: Option<&RoomId>) {
        if self.lease.is_none() {
            return;
        }
        let dirty = self.dirty.entry(user.clone()).or_default();
        dirty.left.extend(left.cloned());
    }

    /// The user's direct partners are looked up now.
    pub(super) fn awaits_partners(&mut self, user: &UserId, now: Instant) {
        if let Some(dirty) = self.dirty.get_mut(user) {
            dirty.until = dirty.until.or(Some(now + LOOKED_UP));
        }
    }

    pub(super) fn partners(&mut self, user: &UserId, partners: Vec<UserId>) {
        if let Some(dirty) = self.dirty.get_mut(user) {
            dirty.partners = Some(partners);
            dirty.until = None;
        }
    }

    pub(super) fn say(&mut self, said: Said) {
        if self.lease.is_some() && self.aside.len() < ASIDE {
            self.aside.push(said);
        }
    }

    /// Everything that is to be said now. `claim` gives a user's, `all` names all users of this node, `shows` is what client
    /// sessions have said to it.
    pub(super) fn take(
        &mut self,
        claim: impl Fn(&UserId) -> Claim,
        all: impl FnOnce() -> Vec<UserId>,
        shows: impl FnOnce() -> Vec<Show>,
        now: Instant,
    ) -> Vec<Message> {
        let mut said = std::mem::take(&mut self.aside);
        let all_asked = std::mem::take(&mut self.all_asked);
        // Before everything, all that has changed.
        let known =
            self.dirty.extract_if(|_, dirty| all_asked || dirty.until.is_none_or(|until| until <= now));
        let news: Vec<News> = known
            .map(|(user, Dirty { left, partners, .. })| News { claim: claim(&user), user, left, partners })
            .collect();
        for users in news.chunks(USERS) {
            self.version += 1;
            said.push(Said::Delta { version: self.version, users: users.to_vec() });
        }
        if all_asked {
            let of = |user| News { claim: claim(&user), user, left: Vec::new(), partners: None };
            let users: Vec<News> = all().into_iter().map(of).collect();
            let parts = u32::try_from(users.chunks(USERS).len()).unwrap_or(u32::MAX);
            let version = self.version;
            if users.is_empty() {
                said.push(Said::All { version, part: 0, parts: 1, users });
            } else {
                let chunks = users.chunks(USERS).zip(0..);
                said.extend(chunks.map(|(users, part)| Said::All {
                    version,
                    part,
                    parts,
                    users: users.to_vec(),
                }));
            }
            said.extend(shows().chunks(USERS).map(|shows| Said::Shows { shows: shows.to_vec() }));
        }
        said.into_iter().map(|said| Message { from: self.own, name: self.name.clone(), said }).collect()
    }

    /// Now and then: says that this node lives.
    pub(super) fn beat(&mut self) {
        self.say(Said::Alive { version: self.version });
    }

    /// Nodes that have been silent for too long; they are forgotten.
    pub(super) fn take_dead(&mut self, now: Instant) -> Vec<NodeKey> {
        let Some(lease) = self.lease else { return Vec::new() };
        let dead: Vec<NodeKey> =
            self.peers.iter().filter(|(_, p)| p.heard + lease <= now).map(|(node, _)| *node).collect();
        for node in &dead {
            self.peers.remove(node);
        }
        dead
    }

    /// Nothing could be heard of late: that they are silent says nothing about the others.
    pub(super) fn excuse_all(&mut self, now: Instant) {
        self.peers.values_mut().for_each(|peer| peer.heard = now);
    }

    /// Takes in what another node says about itself.
    pub(super) fn hear(&mut self, from: NodeKey, name: String, said: Said, now: Instant) -> Heard {
        if self.peers.len() >= PEERS && !self.peers.contains_key(&from) {
            return Heard::Nothing;
        }
        let peer = self.peers.entry(from).or_insert(Peer {
            name,
            version: None,
            heard: now,
            asked: None,
            gathering: None,
        });
        peer.heard = now;
        match said {
            Said::Alive { version } if peer.version == Some(version) => Heard::Nothing,
            Said::Alive { .. } => {
                self.ask(from, now);
                Heard::Nothing
            }
            Said::Delta { version, users } => {
                let next = peer.version.map_or(1, |v| v + 1);
                if version == next {
                    peer.version = Some(version);
                    return Heard::Changed(users);
                }
                if version > next {
                    self.ask(from, now);
                }
                Heard::Nothing
            }
            Said::All { version, part, parts, users } => peer.gather(version, part, parts, users),
            Said::Ask { of } => {
                self.all_asked |= of.is_none_or(|of| of == self.own);
                Heard::Nothing
            }
            Said::Show(_) | Said::Shows { .. } | Said::Leave { .. } | Said::Typing { .. } | Said::Unknown => {
                Heard::Nothing
            }
        }
    }

    fn ask(&mut self, of: NodeKey, now: Instant) {
        let Some(peer) = self.peers.get_mut(&of) else { return };
        if peer.asked.is_none_or(|at| at + ASK_AGAIN <= now) {
            peer.asked = Some(now);
            self.say(Said::Ask { of: Some(of) });
        }
    }
}

impl Peer {
    fn gather(&mut self, version: u64, part: u32, parts: u32, users: Vec<News>) -> Heard {
        if self.version.is_some_and(|known| known >= version) {
            return Heard::Nothing;
        }
        let (of, next, mut gathered) = match self.gathering.take() {
            Some(begun) if part > 0 => begun,
            Some(_) | None => (version, 0, Vec::new()),
        };
        if of != version || next != part {
            return Heard::Nothing;
        }
        gathered.extend(users);
        if part + 1 < parts {
            self.gathering = Some((version, part + 1, gathered));
            return Heard::Nothing;
        }
        self.version = Some(version);
        Heard::Everything(gathered)
    }
}
