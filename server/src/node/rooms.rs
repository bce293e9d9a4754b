//! Rooms and their members: who may do what is decided here, for frames and HTTP alike.
//!
//! - `leaving`: how a user goes from a room.
//! - `owners`: what a room's owner does.

use std::collections::BTreeMap;
use std::slice;

use tidings_protocol::data::ReadMoved;
use tidings_protocol::entity::{Room, RoomKind};
use tidings_protocol::limits::READ_FANOUT_MEMBERS;
use tidings_protocol::{Code, Event, RoomId, SessionId, UserId};

use super::writer::{Origin, Pending};
use super::{Node, Outcome};
use crate::auth::{Admission, Principal};
use crate::broker::Except;
use crate::error::Error;
use crate::store::{Append, MemberRecord, RoomRecord, Write, Written};

mod leaving;
mod owners;

/// What a join found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The room.
    pub room: RoomRecord,
    /// The membership.
    pub member: MemberRecord,
}

impl Node {
    /// Queues a durable change of a room's log. The answer comes when it is committed and published.
    pub async fn append(&self, append: Append, origin: Option<Origin>) -> Pending {
        self.writer.submit(Write::Append(append), origin).await
    }

    /// Makes the user a member of a room, as `JOIN_ROOM` does; does not subscribe a session.
    ///
    /// # Errors
    /// `FORBIDDEN`: the token or the room does not let the user in. `UNAVAILABLE`: the store is away.
    pub async fn join(&self, principal: &Principal, room_id: &RoomId) -> Outcome<Joined> {
        // Of what the token refuses, nothing is looked up.
        admission(principal, room_id)?;
        let known = self.memberships(principal, slice::from_ref(room_id)).await?.remove(room_id);
        self.join_known(principal, room_id, known, false).await
    }

    /// Those of these rooms that the user is a member of, in one reading.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn memberships(
        &self,
        principal: &Principal,
        rooms: &[RoomId],
    ) -> Outcome<BTreeMap<RoomId, Joined>> {
        if rooms.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found = self.readings().rooms(rooms, &principal.user_id).await?.into_iter();
        Ok(found.filter_map(|(id, (room, member))| Some((id, Joined { room, member: member? }))).collect())
    }

    /// As [`Node::join`], by a membership that was looked up. Who is `resumed` and was removed meanwhile stays out.
    ///
    /// # Errors
    /// As [`Node::join`].
    pub async fn join_known(
        &self,
        principal: &Principal,
        room_id: &RoomId,
        known: Option<Joined>,
        resumed: bool,
    ) -> Outcome<Joined> {
        let admission = admission(principal, room_id)?;
        if let Some(joined) = known {
            return Ok(joined);
        }
        let write = Write::Join {
            room_id: room_id.clone(),
            user_id: principal.user_id.clone(),
            admitted: admission == Admission::Admitted,
            resumed,
            at: self.now(),
        };
        let Written::Joined { room, member, .. } = self.write(write).await? else {
            return Err(unexpected());
        };
        Ok(Joined { room, member })
    }

    /// The room and the user's membership in it.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`, whether the room exists or not. `FORBIDDEN`: the token does not reach the room.
    pub async fn membership(&self, principal: &Principal, room_id: &RoomId) -> Outcome<Joined> {
        self.check_reach(principal, room_id)?;
        match self.store().room(room_id, &principal.user_id).await? {
            Some((room, Some(member))) => Ok(Joined { room, member }),
            Some((_, None)) | None => Err(Code::NotAMember.into()),
        }
    }

    /// Whether the user's token reaches the room. Direct rooms are not named by tokens.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`: it does not.
    pub fn check_reach(&self, principal: &Principal, room_id: &RoomId) -> Outcome<()> {
        if !room_id.is_direct() && principal.may_join(room_id) == Admission::Refused {
            return Err(Code::NotAMember.into());
        }
        Ok(())
    }

    /// A room that the user may read: a public one, or one that the user is a member of.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`, whether the room exists or not.
    pub async fn readable(&self, principal: &Principal, room_id: &RoomId) -> Outcome<RoomRecord> {
        let admission = principal.may_join(room_id);
        match self.store().room(room_id, &principal.user_id).await? {
            Some((room, member)) => {
                let may = match (room.kind, admission) {
                    (RoomKind::Direct, _) => member.is_some(),
                    (_, Admission::Refused) => false,
                    (_, Admission::Admitted) | (RoomKind::Public, Admission::ByMembership) => true,
                    (RoomKind::Private, Admission::ByMembership) => member.is_some(),
                };
                if may { Ok(room) } else { Err(Code::NotAMember.into()) }
            }
            None => Err(Code::NotAMember.into()),
        }
    }

    /// Moves the user's read marker forward and tells who is to know.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`; `UNAVAILABLE`: the store is away.
    pub async fn read(
        &self,
        principal: &Principal,
        session: Option<&SessionId>,
        room_id: &RoomId,
        seq: u64,
    ) -> Outcome<()> {
        self.check_reach(principal, room_id)?;
        let user = &principal.user_id;
        let write = Write::Read { room_id: room_id.clone(), user_id: user.clone(), seq };
        let Written::Read { seq, moved, member_count } = self.write(write).await? else {
            return Err(unexpected());
        };
        if !moved {
            return Ok(());
        }
        let event = Event::Read(ReadMoved { room_id: room_id.clone(), user_id: user.clone(), seq });
        let own = session.map_or(Except::Nobody, |s| Except::Session(s.clone()));
        self.signal_user(user, event.clone(), own).await;
        if let Some(peer) = self.direct_peer(room_id, user).await? {
            self.signal_user(&peer, event, Except::Nobody).await;
        } else if member_count <= READ_FANOUT_MEMBERS as u64 {
            self.signal_room(room_id, event, false, Except::User(user.clone())).await;
        }
        Ok(())
    }

    /// The other member of a direct room; `None` for other rooms.
    ///
    /// # Errors
    /// `UNAVAILABLE`: the store is away.
    pub async fn direct_peer(&self, room_id: &RoomId, user: &UserId) -> Outcome<Option<UserId>> {
        if !room_id.is_direct() {
            return Ok(None);
        }
        let peers = self.store().room(room_id, user).await?.and_then(|(room, _)| room.peers);
        Ok(peers.map(|[a, b]| if a == *user { b } else { a }))
    }

    /// A room as the user sees it.
    ///
    /// # Errors
    /// `NOT_FOUND`; `UNAVAILABLE`: the store is away.
    pub async fn view(&self, room_id: &RoomId, user: &UserId) -> Outcome<Room> {
        self.store().room_view(room_id, user).await?.ok_or_else(|| Code::NotFound.into())
    }

    /// Does one write and waits for it.
    pub(super) async fn write(&self, write: Write) -> Outcome<Written> {
        self.writer.submit(write, None).await.await
    }
}

/// What the token says of a room, where it does not refuse it.
fn admission(principal: &Principal, room_id: &RoomId) -> Outcome<Admission> {
    match principal.may_join(room_id) {
        Admission::Refused => Err(Code::Forbidden.into()),
        let_in @ (Admission::Admitted | Admission::ByMembership) => Ok(let_in),
    }
}

/// The store answered a write with something that does not belong to it.
pub(crate) fn unexpected() -> Error {
    Error::new(Code::Internal)
}
