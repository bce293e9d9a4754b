//! Where many logs stand.

use tidings_protocol::entity::RoomKind;
use tidings_protocol::{RoomId, UserId};

use super::super::{Heads, UserHeads};
use super::state::State;

impl State {
    pub(super) fn heads(&self, rooms: &[RoomId], users: &[UserId]) -> Heads {
        let room = |id: &RoomId| Some((id.clone(), self.rooms.get(id)?.head()));
        let user = |id: &UserId| {
            let user = self.users.get(id)?;
            let heads = UserHeads { inbox: user.inbox.len() as u64, notification: user.notification_head };
            Some((id.clone(), heads))
        };
        let is_private =
            |id: &&RoomId| self.rooms.get(*id).is_some_and(|room| room.kind == RoomKind::Private);
        Heads {
            rooms: rooms.iter().filter_map(room).collect(),
            private: rooms.iter().filter(is_private).cloned().collect(),
            users: users.iter().filter_map(user).collect(),
            broadcast: self.broadcast_head,
        }
    }

    pub(super) fn outsiders(&self, pairs: &[(RoomId, UserId)]) -> Vec<(RoomId, UserId)> {
        let is_member = |room, user| self.rooms.get(room).is_some_and(|room| room.members.contains_key(user));
        pairs.iter().filter(|(room, user)| !is_member(room, user)).cloned().collect()
    }
}
