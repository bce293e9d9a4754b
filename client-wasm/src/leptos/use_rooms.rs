//! The user's rooms, and how to get into others.

use ::leptos::prelude::*;
use tidings_protocol::entity::{Room, RoomKind};
use tidings_protocol::http::{CreateRoom, RoomPage};
use tidings_protocol::{RoomId, UserId};

use super::place::Place;
use super::rooms::Rooms;
use super::use_tidings::use_tidings;
use crate::http::{HttpError, escape};

/// What [`use_rooms`] gives.
#[derive(Clone, Copy)]
pub struct UseRooms {
    /// The user's rooms and conversations.
    pub rooms: ReadSignal<Rooms>,
    /// Why the list could not be read the last time.
    pub error: ReadSignal<Option<String>>,
    tidings: super::Tidings,
}

/// The user's rooms.
#[must_use]
pub fn use_rooms() -> UseRooms {
    let tidings = use_tidings();
    let hub = tidings.hub();
    UseRooms { rooms: hub.rooms.read_only().into(), error: hub.rooms_error.read_only().into(), tidings }
}

impl UseRooms {
    /// Reads the list anew.
    pub fn refresh(&self) {
        self.tidings.hub().refresh();
    }

    /// Makes a room and enters it.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong; a problem with status 409: the room stands already.
    pub async fn create(
        &self,
        room_id: RoomId,
        name: Option<String>,
        kind: RoomKind,
    ) -> Result<Place, HttpError> {
        let hub = self.tidings.hub();
        let body = CreateRoom { room_id, name, kind, members: None };
        let room: Room = hub.client.http().post_json("/api/v1/rooms", &body).await?;
        let (id, head) = (room.room_id.clone(), room.head_seq);
        hub.rooms_changed();
        hub.rooms.update(|rooms| rooms.upsert(room));
        hub.enter(&id, Some(head));
        Ok(Place::Room(id))
    }

    /// Public rooms, by id, after one of them.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong.
    pub async fn public(&self, after: Option<&RoomId>) -> Result<RoomPage, HttpError> {
        let after = after.map(|id| format!("&after={}", escape(id.as_str()))).unwrap_or_default();
        let path = format!("/api/v1/rooms?scope=public&limit=100{after}");
        self.tidings.hub().client.http().get_json(&path).await
    }

    /// Whether a room is closed to this user: it is private, or nobody has made it. Where no answer comes, that is left to
    /// the join.
    pub async fn is_closed(&self, room: &RoomId) -> bool {
        let path = format!("/api/v1/rooms/{}", escape(room.as_str()));
        let answer = self.tidings.hub().client.http().get(&path).await;
        matches!(answer, Err(HttpError::Problem(problem)) if problem.status == 403)
    }

    /// Enters a room; it stands in the list as soon as the server has agreed.
    pub fn join(&self, room: &RoomId) {
        self.tidings.hub().enter(room, None);
    }

    /// Leaves a room: it goes from the list, and a private one's membership ends.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong.
    pub async fn leave(&self, room: &RoomId) -> Result<(), HttpError> {
        let hub = self.tidings.hub();
        let (id, me) = (escape(room.as_str()), escape(hub.me.as_str()));
        hub.client.http().delete(&format!("/api/v1/rooms/{id}/members/{me}")).await?;
        hub.client.leave(room);
        hub.left(room);
        Ok(())
    }

    /// Lets a user into a room that this user owns.
    ///
    /// # Errors
    /// [`HttpError`] says what went wrong.
    pub async fn invite(&self, room: &RoomId, invited: &UserId) -> Result<(), HttpError> {
        let hub = self.tidings.hub();
        let (id, user) = (escape(room.as_str()), escape(invited.as_str()));
        hub.client.http().put(&format!("/api/v1/rooms/{id}/members/{user}"), None).await?;
        // Of somebody who is not connected no frame tells.
        let place = Place::Room(room.clone());
        hub.crowd(&place).write_untracked().let_in(invited);
        hub.members_changed(&place);
        Ok(())
    }

    /// Puts the conversation with a user on the list; one that is there stays as it is.
    pub fn open_direct(&self, user: &UserId) -> Place {
        let hub = self.tidings.hub();
        let name = hub.people.with_untracked(|people| people.name(user));
        hub.rooms.update(|rooms| rooms.begin_direct(user, &name));
        Place::Direct(user.clone())
    }
}
