//! The frame that carries a command, and how it is read.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Command;
use crate::error::{Code, FrameError};
use crate::id::{ClientId, RoomId};
use crate::mend::without_halves;

/// One frame from a client: a command, and the id by which its answer is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientFrame {
    /// Correlation and idempotency key. A frame that has one is answered exactly once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ClientId>,
    /// The `id` of an earlier frame that has no answer yet and must not come after this one: where the server has
    /// refused that one for now, it refuses this one too, also when the wait is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ClientId>,
    /// What is wanted.
    #[serde(flatten)]
    pub command: Command,
}

impl ClientFrame {
    /// Reads one frame from its text. Unknown fields are ignored.
    ///
    /// ```
    /// use tidings_protocol::{ClientFrame, Code};
    /// let frame = ClientFrame::parse(r#"{"type":"CHAT_MESSAGE","id":"1","roomId":"general","content":"hi"}"#)?;
    /// assert_eq!(frame.command.type_name(), "CHAT_MESSAGE");
    ///
    /// let error = ClientFrame::parse(r#"{"type":"CHAT_MESSAGE","id":"2","roomId":"general"}"#).unwrap_err();
    /// assert_eq!((error.code, error.field.as_deref()), (Code::InvalidFrame, Some("content")));
    /// assert_eq!(error.id.as_ref().map(|id| id.as_str()), Some("2"));
    /// # Ok::<(), tidings_protocol::FrameError>(())
    /// ```
    ///
    /// # Errors
    /// [`FrameError`] names the field at fault, and holds the frame's id and room where those could be read.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        let mended = || without_halves(text).and_then(|text| serde_json::from_str(&text).ok());
        match serde_json::from_str(text).or_else(|error| mended().ok_or(error)) {
            Ok(value) => Self::from_value(value),
            Err(e) => {
                // What cannot be read may still say which frame it is.
                let Addressed { id, room_id } = serde_json::from_str(text).unwrap_or_default();
                Err(FrameError {
                    code: Code::InvalidFrame,
                    field: None,
                    reason: format!("not a JSON object: {e}"),
                    id: id.and_then(|id| ClientId::new(id).ok()),
                    room_id: room_id.and_then(|id| RoomId::new(id).ok()),
                })
            }
        }
    }

    /// Reads one frame from a JSON value.
    ///
    /// # Errors
    /// As [`ClientFrame::parse`].
    pub fn from_value(value: Value) -> Result<Self, FrameError> {
        let text_of = |name: &str| value.get(name).and_then(Value::as_str);
        let id = text_of("id").and_then(|t| ClientId::new(t).ok());
        let room_id = text_of("roomId").and_then(|t| RoomId::new(t).ok());
        let fail = |code, field: Option<String>, reason: String, id, room_id| {
            Err(FrameError { code, field, reason, id, room_id })
        };
        if !value.is_object() {
            return fail(Code::InvalidFrame, None, "not a JSON object".into(), id, room_id);
        }
        let after = text_of("after").and_then(|t| ClientId::new(t).ok());
        let is_bad = |name, read: &Option<_>| read.is_none() && value.get(name).is_some_and(|v| !v.is_null());
        let bad = [("id", &id), ("after", &after)].into_iter().find(|(name, read)| is_bad(*name, read));
        if let Some(name) = bad.map(|(name, _)| name.to_owned()) {
            let reason = "must be a string of 1 to 64 bytes".to_owned();
            return fail(Code::InvalidFrame, Some(name), reason, id, room_id);
        }
        // Fields go by their names, not by their places in a list, which serde would take too.
        let is_list = |value: Option<&Value>| value.is_some_and(Value::is_array);
        if is_list(value.get("data")) {
            let reason = "must be an object".to_owned();
            return fail(Code::InvalidFrame, Some("data".into()), reason, id, room_id);
        }
        let Some(kind) = text_of("type").map(str::to_owned) else {
            return fail(Code::InvalidFrame, Some("type".into()), "must be a string".into(), id, room_id);
        };
        match Command::from_value(&kind, value) {
            Some(Ok(command)) => Ok(Self { id, after, command }),
            Some(Err((field, reason))) => fail(Code::InvalidFrame, field, reason, id, room_id),
            None => {
                let reason = "not a type that a client may send".to_owned();
                fail(Code::UnknownType, Some("type".into()), reason, id, room_id)
            }
        }
    }
}

/// Of a frame that cannot be read: the rest is passed over, however deep or wild it is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Addressed {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    room_id: Option<String>,
}

impl<'de> Deserialize<'de> for ClientFrame {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Reads a command's fields; what fails is told as (field, reason).
pub(super) fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, (Option<String>, String)> {
    serde_path_to_error::deserialize(value).map_err(|e| {
        let path = e.path().to_string();
        let reason = e.into_inner().to_string();
        // serde reports a missing field at its parent's path, and its name only in the sentence.
        let missing = reason.strip_prefix("missing field `").and_then(|r| r.strip_suffix('`'));
        let field = match (path.as_str(), missing) {
            (".", Some(name)) => Some(name.to_owned()),
            (parent, Some(name)) => Some(format!("{parent}.{name}")),
            (".", None) => None,
            (path, None) => Some(path.to_owned()),
        };
        (field, if missing.is_some() { "is required".to_owned() } else { reason })
    })
}
