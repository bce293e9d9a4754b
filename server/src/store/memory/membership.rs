//! Users, rooms, members and their markers.

use tidings_protocol::entity::RoomKind;
use tidings_protocol::{RoomId, Timestamp, UserId};

use super::super::{DELIVERED_LISTED, DeliveredMessage, Refusal, Written};
use super::state::{RoomState, State, UserState, What};

impl State {
    pub(super) fn see_user(&mut self, user_id: UserId, name: Option<String>, at: Timestamp) -> Written {
        let broadcast_head = self.broadcast_head;
        let user = self.users.entry(user_id.clone()).or_default();
        if user.last_seen.is_none() {
            user.broadcast_start = broadcast_head;
            user.handed.broadcast = broadcast_head;
        }
        user.last_seen = user.last_seen.max(Some(at));
        user.name = name.or(user.name.take());
        self.user_record(&user_id).map_or(Written::Nothing, Written::User)
    }

    pub(super) fn create_room(
        &mut self,
        room_id: RoomId,
        name: Option<String>,
        kind: RoomKind,
        owner: UserId,
        members: Vec<UserId>,
    ) -> Result<Written, Refusal> {
        if kind == RoomKind::Direct || room_id.is_direct() {
            return Err(Refusal::Forbidden);
        }
        if self.rooms.contains_key(&room_id) {
            return Err(Refusal::Conflict);
        }
        let mut room = RoomState::new(kind, name);
        room.owner = Some(owner.clone());
        for member in std::iter::once(owner).chain(members) {
            room.admit(&member);
        }
        let record = room.record(&room_id);
        self.rooms.insert(room_id, room);
        Ok(Written::Room(record))
    }

    pub(super) fn update_room(
        &mut self,
        room_id: RoomId,
        name: Option<String>,
        kind: Option<RoomKind>,
    ) -> Result<Written, Refusal> {
        let room = self.shared_room(&room_id)?;
        if kind == Some(RoomKind::Direct) {
            return Err(Refusal::Forbidden);
        }
        room.name = name.or(room.name.take());
        room.kind = kind.unwrap_or(room.kind);
        Ok(Written::Room(room.record(&room_id)))
    }

    pub(super) fn join(
        &mut self,
        room_id: RoomId,
        user_id: UserId,
        admitted: bool,
        resumed: bool,
    ) -> Result<Written, Refusal> {
        if resumed && self.rooms.get(&room_id).is_some_and(|room| room.removed.contains(&user_id)) {
            return Err(Refusal::NotAMember);
        }
        let created = !self.rooms.contains_key(&room_id);
        if created && room_id.is_direct() {
            return Err(Refusal::Forbidden);
        }
        let room = self.rooms.entry(room_id.clone()).or_insert_with(|| {
            let mut room = RoomState::new(RoomKind::Public, None);
            room.owner = Some(user_id.clone());
            room
        });
        let open = match room.kind {
            RoomKind::Public => true,
            RoomKind::Private => admitted,
            RoomKind::Direct => false,
        };
        if !open && !room.members.contains_key(&user_id) {
            return Err(Refusal::Forbidden);
        }
        let new_member = room.admit(&user_id);
        let member = room.members.get(&user_id).cloned().ok_or(Refusal::NotAMember)?;
        Ok(Written::Joined { room: room.record(&room_id), member, created, new_member })
    }

    pub(super) fn put_member(&mut self, room_id: RoomId, user_id: UserId) -> Result<Written, Refusal> {
        let room = self.shared_room(&room_id)?;
        let changed = room.admit(&user_id);
        Ok(Written::Membership { room: room.record(&room_id), changed })
    }

    pub(super) fn remove_member(
        &mut self,
        room_id: RoomId,
        user_id: UserId,
        stays_out: bool,
    ) -> Result<Written, Refusal> {
        let room = self.shared_room(&room_id)?;
        let changed = room.members.remove(&user_id).is_some();
        if changed && stays_out {
            room.removed.insert(user_id);
        }
        Ok(Written::Membership { room: room.record(&room_id), changed })
    }

    pub(super) fn read_to(
        &mut self,
        room_id: &RoomId,
        user_id: &UserId,
        seq: u64,
    ) -> Result<Written, Refusal> {
        let room = self.rooms.get_mut(room_id).ok_or(Refusal::NotAMember)?;
        let wanted = seq.min(room.head());
        let member_count = room.members.len() as u64;
        let member = room.members.get_mut(user_id).ok_or(Refusal::NotAMember)?;
        let moved = wanted > member.read_seq;
        member.read_seq = member.read_seq.max(wanted);
        Ok(Written::Read { seq: member.read_seq, moved, member_count })
    }

    pub(super) fn delivered(&mut self, room_id: &RoomId, user_id: &UserId, seq: u64) -> Written {
        let mut delivered = Vec::new();
        if let Some(room) = self.rooms.get_mut(room_id) {
            let to = seq.min(room.head());
            if let Some(from) = room.move_delivered(user_id, to) {
                room.passed(user_id, from, to, &mut delivered);
            }
        }
        delivered.truncate(DELIVERED_LISTED);
        Written::Delivered(delivered)
    }

    pub(super) fn inbox_delivered(&mut self, user_id: &UserId, after: u64, inbox_seq: u64) -> Written {
        let mut delivered = Vec::new();
        let Some(user) = self.users.get_mut(user_id) else { return Written::Delivered(delivered) };
        let UserState { inbox, inbox_delivered, .. } = user;
        let (from, to) = (after.max(*inbox_delivered), inbox_seq.min(inbox.len() as u64));
        for ((room_id, seq), position) in inbox.iter().zip(1..) {
            if position > from
                && position <= to
                && let Some(room) = self.rooms.get_mut(room_id)
            {
                room.move_delivered(user_id, *seq);
                room.passed(user_id, seq - 1, *seq, &mut delivered);
            }
        }
        if after <= *inbox_delivered {
            *inbox_delivered = to.max(*inbox_delivered);
        }
        delivered.truncate(DELIVERED_LISTED);
        Written::Delivered(delivered)
    }

    /// A room whose members and name can be changed: not a direct one.
    fn shared_room(&mut self, room_id: &RoomId) -> Result<&mut RoomState, Refusal> {
        let room = self.rooms.get_mut(room_id).ok_or(Refusal::NotFound)?;
        if room.kind == RoomKind::Direct { Err(Refusal::Forbidden) } else { Ok(room) }
    }
}

impl RoomState {
    /// Moves a member's delivered marker; where it stood.
    fn move_delivered(&mut self, user_id: &UserId, to: u64) -> Option<u64> {
        let member = self.members.get_mut(user_id)?;
        let from = member.delivered_seq;
        member.delivered_seq = from.max(to);
        Some(from)
    }

    /// Adds the others' messages above `from` and up to `to` in a direct room.
    fn passed(&self, user_id: &UserId, from: u64, to: u64, delivered: &mut Vec<DeliveredMessage>) {
        if self.peers.is_none() {
            return;
        }
        for (logged, seq) in self.log.iter().zip(1..) {
            let is_message = matches!(logged.what, What::Message);
            if seq > from && seq <= to && is_message && logged.actor != *user_id {
                delivered.push(DeliveredMessage {
                    message_id: logged.message_id.clone(),
                    sender: logged.actor.clone(),
                    client_id: logged.client_id.clone(),
                });
            }
        }
    }
}
