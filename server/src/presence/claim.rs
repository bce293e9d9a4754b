//! What one node knows of one user: its sessions and where they are. It is what nodes tell each other.

use serde::{Deserialize, Serialize};
use tidings_protocol::{ClientSession, RoomId, SessionId};

/// A user as one node has it. Field names are short, since it is sent on every change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// The display name.
    #[serde(rename = "n", default)]
    pub(crate) name: String,
    /// The user's sessions on the node, with those that were lost a short while ago.
    #[serde(rename = "s", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) seats: Vec<Seat>,
    /// Rooms, each with the sessions that are in it, as positions in `seats`; without any, the place is only held.
    #[serde(rename = "r", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) rooms: Vec<(RoomId, Vec<u32>)>,
    /// Streams of notifications, which show nothing to others.
    #[serde(rename = "t", default)]
    pub(crate) streams: u32,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// The session.
    #[serde(rename = "i")]
    pub(crate) session: SessionId,
    /// Its client session.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<ClientSession>,
    /// It shows its user as away.
    #[serde(rename = "a", default)]
    pub(crate) away: bool,
    /// It is lost, and its place is held for the grace time.
    #[serde(rename = "h", default)]
    pub(crate) held: bool,
    /// It is between two polls.
    #[serde(rename = "l", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) leased: bool,
    /// How long ago its client session said by a request what it is shown as, in milliseconds; where it has.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub(crate) said_ago: Option<u64>,
    /// How long ago it was opened, in milliseconds, by the clock of its node when this was sent.
    #[serde(rename = "o", default)]
    pub(crate) opened_ago: u64,
}

impl Claim {
    /// Whether nothing of the user is left on the node.
    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.rooms.is_empty() && self.streams == 0
    }

    /// How many sessions are in the room, but for those of `client`.
    pub(crate) fn sessions_in(&self, room: &RoomId, but: Option<&ClientSession>) -> usize {
        let Some((_, sessions)) = self.rooms.iter().find(|(id, _)| id == room) else { return 0 };
        let other = |at: &&u32| {
            let seat = usize::try_from(**at).ok().and_then(|at| self.seats.get(at));
            seat.is_some_and(|seat| but.is_none() || seat.client.as_ref() != but)
        };
        sessions.iter().filter(other).count()
    }

    /// Whether somebody is connected.
    pub(crate) fn is_connected(&self) -> bool {
        self.streams > 0 || self.seats.iter().any(|seat| !seat.held)
    }
}
