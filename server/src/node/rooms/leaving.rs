//! How a user goes from a room: a membership of a public one ends with the user's last session there.

use tidings_protocol::entity::RoomKind;
use tidings_protocol::{ClientSession, Code, RoomId, SessionId, UserId};

use super::super::{Node, Outcome};
use crate::auth::Principal;
use crate::broker::{Payload, Topic};
use crate::store::Write;

impl Node {
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
            self.write(removal(user, room_id)).await?;
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
            self.write(removal(user, room_id)).await?;
        }
        Ok(())
    }

    /// Ends the membership of a public room that the user's last session has left.
    pub(in super::super) async fn end_membership(&self, user: &UserId, room_id: &RoomId) {
        let ended = async {
            if let Some((room, Some(_))) = self.store().room(room_id, user).await?
                && room.kind == RoomKind::Public
            {
                self.write(removal(user, room_id)).await?;
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
}

/// What ends the membership. Another session of the user may be away, and comes back to where it was.
fn removal(user: &UserId, room_id: &RoomId) -> Write {
    Write::RemoveMember { room_id: room_id.clone(), user_id: user.clone(), stays_out: false }
}
