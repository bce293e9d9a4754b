//! Where many logs stand.

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
        Heads {
            rooms: rooms.iter().filter_map(room).collect(),
            users: users.iter().filter_map(user).collect(),
            broadcast: self.broadcast_head,
        }
    }
}
