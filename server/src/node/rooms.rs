//! Rooms and their members: who may do what is decided here, for frames and HTTP alike.

use std::collections::BTreeMap;
use std::slice;

use tidings_protocol::data::{Membership, ReadMoved, RoomUpdated};
use tidings_protocol::entity::{Role, Room, RoomKind};
use tidings_protocol::limits::{MAX_NAME_BYTES, READ_FANOUT_MEMBERS};
use tidings_protocol::{ClientSession, Code, Event, RoomId, SessionId, UserId};

use super::writer::{Origin, Pending};
use super::{Node, Outcome};
use crate::auth::{Admission, Principal};
use crate::broker::{Except, Payload, Topic};
use crate::error::Error;
use crate::store::{Append, MemberRecord, RoomRecord, Write, Written};

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
        self.join_known(principal, room_id, known).await
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

    /// As [`Node::join`], by a membership that was looked up.
    ///
    /// # Errors
    /// As [`Node::join`].
    pub async fn join_known(
        &self,
        principal: &Principal,
        room_id: &RoomId,
        known: Option<Joined>,
    ) -> Outcome<Joined> {
        let admission = admission(principal, room_id)?;
        if let Some(joined) = known {
            return Ok(joined);
        }
        let write = Write::Join {
            room_id: room_id.clone(),
            user_id: principal.user_id.clone(),
            admitted: admission == Admission::Admitted,
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

    /// Creates a room whose owner is the caller.
    ///
    /// # Errors
    /// `CONFLICT`: it stands already. `FORBIDDEN`: the token does not reach it, or the id is reserved.
    pub async fn create_room(
        &self,
        principal: &Principal,
        room_id: RoomId,
        name: Option<String>,
        kind: RoomKind,
        members: Vec<UserId>,
    ) -> Outcome<Room> {
        if kind == RoomKind::Direct {
            return Err(Error::new(Code::InvalidFrame).field("kind").detail("must be public or private"));
        }
        check_name(name.as_deref())?;
        if principal.may_join(&room_id) == Admission::Refused || room_id.is_direct() {
            return Err(Code::Forbidden.into());
        }
        let write = Write::CreateRoom {
            room_id: room_id.clone(),
            name,
            kind,
            owner: principal.user_id.clone(),
            members: members.clone(),
            at: self.now(),
        };
        self.write(write).await?;
        for user in members.iter().filter(|user| **user != principal.user_id) {
            self.tell_membership(&room_id, user, true).await;
        }
        self.view(&room_id, &principal.user_id).await
    }

    /// Changes name or kind of a room, by its owner.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`, `FORBIDDEN` for who is not the owner, `INVALID_FRAME` for a kind that cannot be.
    pub async fn update_room(
        &self,
        principal: &Principal,
        room_id: &RoomId,
        name: Option<String>,
        kind: Option<RoomKind>,
    ) -> Outcome<Room> {
        check_name(name.as_deref())?;
        if kind == Some(RoomKind::Direct) {
            return Err(Error::new(Code::InvalidFrame).field("kind").detail("must be public or private"));
        }
        self.owned(principal, room_id).await?;
        self.write(Write::UpdateRoom { room_id: room_id.clone(), name, kind }).await?;
        let room = self.view(room_id, &principal.user_id).await?;
        let neutral = Room { read_seq: 0, unread: 0, ..room.clone() };
        let event = Event::RoomUpdated(Box::new(RoomUpdated { room: neutral }));
        self.signal_room(room_id, event, false, Except::Nobody).await;
        Ok(room)
    }

    /// Lets a user into a room, by its owner.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`, `FORBIDDEN` for who is not the owner.
    pub async fn put_member(&self, principal: &Principal, room_id: &RoomId, user: &UserId) -> Outcome<()> {
        self.owned(principal, room_id).await?;
        let write = Write::PutMember { room_id: room_id.clone(), user_id: user.clone(), at: self.now() };
        if let Written::Membership { changed: true, .. } = self.write(write).await? {
            self.tell_membership(room_id, user, true).await;
        }
        Ok(())
    }

    /// Puts a user out of a room, by its owner or by the user itself.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`, `FORBIDDEN` for who is neither.
    pub async fn remove_member(&self, principal: &Principal, room_id: &RoomId, user: &UserId) -> Outcome<()> {
        if *user == principal.user_id {
            self.membership(principal, room_id).await?;
        } else {
            self.owned(principal, room_id).await?;
        }
        let write = Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone() };
        if let Written::Membership { changed: true, .. } = self.write(write).await? {
            self.publish(Topic::User(user.clone()), Payload::Evict { room_id: room_id.clone(), only: None })
                .await;
            self.tell_membership(room_id, user, false).await;
        }
        Ok(())
    }

    /// Tells the others, and where it was the user's last session in a public room, ends the membership. The
    /// session has been unsubscribed from the hub by its own connection, where it was `subscribed`.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`; `UNAVAILABLE`: the store is away.
    pub async fn leave(
        &self,
        principal: &Principal,
        room_id: &RoomId,
        session: &SessionId,
        subscribed: bool,
    ) -> Outcome<()> {
        let user = &principal.user_id;
        // Whatever the store says: who is refused asks again, and has left by then.
        let last = if subscribed {
            let (changes, last) = self.presence.leave(room_id, user, session);
            self.tell(changes).await;
            last
        } else {
            self.presence.sessions_in(room_id, user) == 0
        };
        let Some((room, Some(_))) = self.store().room(room_id, user).await? else {
            return Err(Code::NotAMember.into());
        };
        if last && room.kind == RoomKind::Public {
            let write = Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone() };
            self.write(write).await?;
        }
        Ok(())
    }

    /// `LEAVE_ROOM` of a client without a session of its own: its stream, where it has one, is unsubscribed; a
    /// membership of a public room ends where no other session of the user is there.
    ///
    /// # Errors
    /// `NOT_A_MEMBER`; `UNAVAILABLE`: the store is away.
    pub async fn leave_by_request(
        &self,
        principal: &Principal,
        client_session: &ClientSession,
        room_id: &RoomId,
    ) -> Outcome<()> {
        let user = &principal.user_id;
        let Some((room, Some(_))) = self.store().room(room_id, user).await? else {
            return Err(Code::NotAMember.into());
        };
        let (changes, last) = self.presence.leave_by_request(room_id, user, client_session);
        self.tell(changes).await;
        let evict = Payload::Evict { room_id: room_id.clone(), only: Some(client_session.clone()) };
        self.publish(Topic::User(user.clone()), evict).await;
        if last && room.kind == RoomKind::Public {
            self.write(Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone() }).await?;
        }
        Ok(())
    }

    /// Ends the membership of a public room that the user's last session has left.
    pub(super) async fn end_membership(&self, user: &UserId, room_id: &RoomId) {
        let ended = async {
            if let Some((room, Some(_))) = self.store().room(room_id, user).await?
                && room.kind == RoomKind::Public
            {
                self.write(Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone() }).await?;
            }
            Outcome::Ok(())
        };
        if let Err(error) = ended.await {
            tracing::warn!(%error, "a membership did not end with the last session");
        }
    }

    /// A session that was put out of a room: the others are told.
    pub async fn evicted(&self, principal: &Principal, room_id: &RoomId, session: &SessionId) {
        let (changes, _) = self.presence.leave(room_id, &principal.user_id, session);
        self.tell(changes).await;
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

    async fn owned(&self, principal: &Principal, room_id: &RoomId) -> Outcome<Joined> {
        let joined = self.membership(principal, room_id).await?;
        match joined.member.role {
            Role::Owner => Ok(joined),
            Role::Member => Err(Code::Forbidden.into()),
        }
    }

    async fn tell_membership(&self, room_id: &RoomId, user: &UserId, member: bool) {
        let room = if member { self.store().room_view(room_id, user).await.ok().flatten() } else { None };
        let event = Event::Membership(Box::new(Membership { room_id: room_id.clone(), member, room }));
        self.signal_user(user, event, Except::Nobody).await;
    }
}

/// What the token says of a room, where it does not refuse it.
fn admission(principal: &Principal, room_id: &RoomId) -> Outcome<Admission> {
    match principal.may_join(room_id) {
        Admission::Refused => Err(Code::Forbidden.into()),
        let_in @ (Admission::Admitted | Admission::ByMembership) => Ok(let_in),
    }
}

fn check_name(name: Option<&str>) -> Outcome<()> {
    match name {
        Some(name) if name.trim().is_empty() || name.len() > MAX_NAME_BYTES => {
            Err(Error::new(Code::InvalidFrame)
                .field("name")
                .detail(format!("must be 1 to {MAX_NAME_BYTES} bytes")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The store answered a write with something that does not belong to it.
pub(crate) fn unexpected() -> Error {
    Error::new(Code::Internal)
}
