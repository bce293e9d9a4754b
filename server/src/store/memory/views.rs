//! Rooms and members as a user sees them.

use std::ops::Bound;

use tidings_protocol::entity::{Marker, Member, Room, RoomKind};
use tidings_protocol::{RoomId, UserId};

use super::super::{MemberRecord, Page, Reach, RoomRecord, pair};
use super::reads::page;
use super::state::{RoomState, State};

impl State {
    pub(super) fn room_and_member(
        &self,
        room_id: &RoomId,
        user_id: &UserId,
    ) -> Option<(RoomRecord, Option<MemberRecord>)> {
        let record = self.room_record(room_id)?;
        Some((record, self.rooms.get(room_id)?.members.get(user_id).cloned()))
    }

    pub(super) fn direct_room(&self, a: &UserId, b: &UserId) -> Option<RoomId> {
        self.direct.get(&pair(a, b)).cloned()
    }

    pub(super) fn direct_partners(&self, user_id: &UserId, limit: usize) -> Vec<UserId> {
        let pairs = self.direct.keys().filter(|peers| peers.contains(user_id));
        let mut partners: Vec<UserId> = pairs.filter_map(|peers| other(peers, user_id)).collect();
        partners.sort();
        partners.truncate(limit);
        partners
    }

    pub(super) fn room_view(&self, room_id: &RoomId, user_id: &UserId) -> Option<Room> {
        let room = self.rooms.get(room_id)?;
        if room.kind != RoomKind::Public && !room.members.contains_key(user_id) {
            return None;
        }
        Some(self.view(room_id, room, user_id))
    }

    pub(super) fn rooms_of(
        &self,
        user_id: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: usize,
    ) -> Page<Room> {
        self.list(user_id, reach, after, limit, |room| room.members.contains_key(user_id))
    }

    pub(super) fn public_rooms(
        &self,
        user_id: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: usize,
    ) -> Page<Room> {
        self.list(user_id, reach, after, limit, |room| room.kind == RoomKind::Public)
    }

    pub(super) fn members(&self, room_id: &RoomId, after: Option<&UserId>, limit: usize) -> Page<Member> {
        let Some(room) = self.rooms.get(room_id) else { return page(Vec::new(), limit) };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let members = room.members.range::<UserId, _>((start, Bound::Unbounded));
        let members = members.map(|(user_id, member)| Member {
            user_id: user_id.clone(),
            name: self.display_name(user_id),
            role: member.role,
        });
        page(members.collect(), limit)
    }

    pub(super) fn markers(&self, room_id: &RoomId, limit: usize) -> Vec<Marker> {
        let Some(room) = self.rooms.get(room_id) else { return Vec::new() };
        let markers = room.members.iter().map(|(user_id, member)| Marker {
            user_id: user_id.clone(),
            read_seq: member.read_seq,
            delivered_seq: Some(member.delivered_seq),
        });
        markers.take(limit).collect()
    }

    fn list(
        &self,
        user_id: &UserId,
        reach: &Reach,
        after: Option<&RoomId>,
        limit: usize,
        listed: impl Fn(&RoomState) -> bool,
    ) -> Page<Room> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rooms = self.rooms.range::<RoomId, _>((start, Bound::Unbounded));
        let rooms = rooms.filter(|(room_id, room)| {
            listed(room) && (room.kind == RoomKind::Direct || reach.holds(room_id))
        });
        page(rooms.map(|(room_id, room)| self.view(room_id, room, user_id)).collect(), limit)
    }

    fn view(&self, room_id: &RoomId, room: &RoomState, user_id: &UserId) -> Room {
        let head = room.head();
        let read_seq = room.members.get(user_id).map_or(head, |member| member.read_seq);
        let messages = || room.messages.values().map(|state| &state.message);
        let unread = messages()
            .filter(|message| message.seq > read_seq && message.sender_id != *user_id && !message.deleted);
        // In a conversation with oneself, oneself is the peer.
        let peer_id =
            room.peers.as_ref().map(|peers| other(peers, user_id).unwrap_or_else(|| user_id.clone()));
        let peer = peer_id.as_ref().and_then(|peer| room.members.get(peer));
        let name = match &peer_id {
            Some(peer) => self.display_name(peer),
            None => room.name.clone().unwrap_or_else(|| room_id.to_string()),
        };
        Room {
            room_id: room_id.clone(),
            name,
            kind: room.kind,
            head_seq: head,
            read_seq,
            unread: unread.count() as u64,
            last_message: messages().max_by_key(|message| message.seq).cloned(),
            members: Some(room.members.len() as u64),
            peer_read_seq: peer.map(|peer| peer.read_seq),
            peer_delivered_seq: peer.map(|peer| peer.delivered_seq),
            peer_id,
        }
    }
}

/// The one of the two who is not `user_id`.
fn other(peers: &[UserId; 2], user_id: &UserId) -> Option<UserId> {
    peers.iter().find(|peer| *peer != user_id).cloned()
}
