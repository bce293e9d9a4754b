//! What the owner of a room does: it is created and named, and members of a private one come and go.

use tidings_protocol::data::{Membership, RoomUpdated};
use tidings_protocol::entity::{Role, Room, RoomKind};
use tidings_protocol::limits::MAX_NAME_BYTES;
use tidings_protocol::{Code, Event, RoomId, UserId};

use super::super::{Node, Outcome};
use super::Joined;
use crate::auth::{Admission, Principal};
use crate::broker::{Except, Payload, Topic};
use crate::error::Error;
use crate::store::{Write, Written};

impl Node {
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
        let write = Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone(), stays_out: true };
        if let Written::Membership { changed: true, .. } = self.write(write).await? {
            self.publish(Topic::User(user.clone()), Payload::Evict { room_id: room_id.clone(), only: None })
                .await;
            self.tell_membership(room_id, user, false).await;
        }
        Ok(())
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
