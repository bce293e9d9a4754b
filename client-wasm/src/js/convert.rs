//! Events as small arrays: the first element says what follows. `npm/src/core-events.ts` is the other end.

use alloc::borrow::ToOwned;
use alloc::string::String;

use js_sys::Array;
use tidings_client_core::{ClosedBy, Event, GapReason, Refusal, RoomState, SendState, State, Status, Stored};
use wasm_bindgen::JsValue;

use crate::host;
use crate::http::HttpError;
use crate::notifications::{NotificationEvent, StreamStatus};

const STATUS: u32 = 0;
const DISCONNECTED: u32 = 1;
const MAX_ATTEMPTS: u32 = 2;
const FRAME: u32 = 3;
const SENT: u32 = 4;
const ROOM: u32 = 5;
const GAP: u32 = 6;
const MALFORMED: u32 = 7;

/// One event of the chat client.
pub(super) fn event(event: &Event) -> Array {
    match event {
        Event::Frame(frame) => tuple([FRAME.into(), frame.text().into()]),
        Event::Status(one) => status(one),
        Event::Disconnected { code, reason } => tuple([DISCONNECTED.into(), (*code).into(), reason.into()]),
        Event::MaxReconnectAttemptsReached => tuple([MAX_ATTEMPTS.into()]),
        Event::Sent { id, state } => {
            let array = tuple([SENT.into(), id.as_str().into()]);
            send_state(&array, state);
            array
        }
        Event::Room { room, state } => {
            let (name, code) = match state {
                RoomState::Joined => ("joined", JsValue::UNDEFINED),
                RoomState::Left => ("left", JsValue::UNDEFINED),
                RoomState::Refused(code) => ("refused", code.as_str().into()),
            };
            tuple([ROOM.into(), room.as_str().into(), name.into(), code])
        }
        Event::Gap(gap) => {
            let reason = match gap.reason {
                GapReason::Limit => "LIMIT",
                GapReason::Retention => "RETENTION",
                GapReason::Epoch => "EPOCH",
                GapReason::Lost => "LOST",
            };
            tuple([
                GAP.into(),
                gap.room.as_deref().into(),
                (gap.from as f64).into(),
                (gap.to as f64).into(),
                reason.into(),
            ])
        }
        Event::Malformed(text) => tuple([MALFORMED.into(), text.into()]),
    }
}

/// `[STATUS, state, next retry in ms since the epoch, attempts, online, transport, why closed, persistence]`.
pub(super) fn status(status: &Status) -> Array {
    let state = match status.state {
        State::Idle => "idle",
        State::Connecting => "connecting",
        State::Connected => "connected",
        State::Reconnecting => "reconnecting",
        State::Closed => "closed",
    };
    let closed_by = status.closed_by.map(|by| match by {
        ClosedBy::Client => "client",
        ClosedBy::Server => "server",
        ClosedBy::Unauthenticated => "unauthenticated",
        ClosedBy::Forbidden => "forbidden",
        ClosedBy::Replaced => "replaced",
        ClosedBy::MaxAttempts => "maxAttempts",
    });
    tuple([
        STATUS.into(),
        state.into(),
        status.next_retry_at.map(host::to_epoch_ms).into(),
        status.attempts.into(),
        status.online.into(),
        status.transport.as_str().into(),
        closed_by.into(),
        status.persistence.into(),
    ])
}

/// `[id, frame, code of the refusal]`.
pub(super) fn stored(entry: &Stored) -> JsValue {
    tuple([entry.id.as_str().into(), entry.frame.as_str().into(), entry.failed.as_deref().into()]).into()
}

/// One event of the notification stream: `[name, data, cursor]`, or a status, or a loss.
pub(super) fn notification_event(event: &NotificationEvent) -> Array {
    match event {
        NotificationEvent::Message { kind, data, cursor } => {
            tuple([kind.as_str().into(), data.into(), cursor.as_deref().into()])
        }
        NotificationEvent::Status(status) => stream_status(status),
        NotificationEvent::Disconnected(error) => {
            let reason = error.clone().map(reason);
            tuple([DISCONNECTED.into(), JsValue::UNDEFINED, reason.into()])
        }
        NotificationEvent::MaxReconnectAttemptsReached => tuple([MAX_ATTEMPTS.into()]),
    }
}

/// Why a request has no answer, without the machinery of `Display`.
pub(super) fn reason(error: HttpError) -> String {
    match error {
        HttpError::Token(reason) | HttpError::Network(reason) | HttpError::Body(reason) => reason,
        HttpError::Problem(problem) => problem.title,
        HttpError::Status(401 | 403) => "refused".to_owned(),
        HttpError::Status(_) => "unavailable".to_owned(),
    }
}

/// `[STATUS, state, next retry in ms since the epoch, attempts]`.
pub(super) fn stream_status(status: &StreamStatus) -> Array {
    tuple([
        STATUS.into(),
        status.state.as_str().into(),
        status.next_retry_at.map(host::to_epoch_ms).into(),
        status.attempts.into(),
    ])
}

/// `id` is followed by the state's name and what belongs to it.
fn send_state(array: &Array, state: &SendState) {
    let name = match state {
        SendState::Queued => "queued",
        SendState::InFlight => "inFlight",
        SendState::Acked { .. } => "acked",
        SendState::Failed(_) => "failed",
        SendState::Refused(_) => "refused",
        SendState::Cancelled => "cancelled",
        SendState::TakenOver => "takenOver",
    };
    array.push(&name.into());
    match state {
        SendState::Acked { room, message_id, seq, duplicate } => {
            array.push(&room.as_deref().into());
            array.push(&message_id.as_deref().into());
            array.push(&seq.map(|seq| seq as f64).into());
            array.push(&(*duplicate).into());
        }
        SendState::Failed(code) => {
            array.push(&code.as_str().into());
        }
        SendState::Refused(refusal) => {
            let code = match refusal {
                Refusal::QueueFull => "QUEUE_FULL",
                Refusal::TooLarge => "TOO_LARGE",
                Refusal::Empty => "EMPTY",
                Refusal::Busy => "BUSY",
                Refusal::Unknown => "UNKNOWN_ENTRY",
            };
            array.push(&code.into());
        }
        SendState::Queued | SendState::InFlight | SendState::Cancelled | SendState::TakenOver => {}
    }
}

fn tuple<const N: usize>(values: [JsValue; N]) -> Array {
    values.into_iter().collect()
}
