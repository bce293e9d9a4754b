//! The variable parts of a path: percent-decoded, and checked as identifiers.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use tidings_protocol::{Code, RoomId, UserId};
use utoipa::IntoParams;

use crate::error::Error;

/// `{roomId}`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct RoomPath {
    /// The room.
    pub room_id: RoomId,
}

/// `{userId}`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct UserPath {
    /// The user.
    pub user_id: UserId,
}

/// `{roomId}` and `{userId}`.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
pub struct MemberPath {
    /// The room.
    pub room_id: RoomId,
    /// The member.
    pub user_id: UserId,
}

/// `{id}` of a notification. Any text may stand here: one that is no id belongs to no notification.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NotificationPath {
    /// The notification.
    pub id: String,
}

impl<S: Send + Sync> FromRequestParts<S> for RoomPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let segments = segments(parts, state).await?;
        Ok(Self { room_id: segment(&segments, "roomId")? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let segments = segments(parts, state).await?;
        Ok(Self { user_id: segment(&segments, "userId")? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MemberPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let segments = segments(parts, state).await?;
        Ok(Self { room_id: segment(&segments, "roomId")?, user_id: segment(&segments, "userId")? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NotificationPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let segments = segments(parts, state).await?;
        Ok(Self { id: segment(&segments, "id")? })
    }
}

async fn segments<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Error> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|rejection| Error::new(Code::InvalidFrame).detail(rejection.body_text()))
}

fn segment<T>(segments: &RawPathParams, name: &'static str) -> Result<T, Error>
where
    T: FromStr<Err: Display>,
{
    let (_, text) =
        segments.iter().find(|(key, _)| *key == name).ok_or_else(|| Error::new(Code::Internal))?;
    text.parse().map_err(|error: T::Err| Error::new(Code::InvalidFrame).field(name).detail(error.to_string()))
}
