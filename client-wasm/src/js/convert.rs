//! Events as JSON: small arrays whose first element says what follows. `npm/src/core-events.ts` is the other end.

use alloc::string::String;

use tidings_client_core::json::Rows;
use tidings_client_core::{ClosedBy, Event, GapReason, Refusal, RoomState, SendState, State, Status, Stored};

use crate::host;
use crate::http::HttpError;
use crate::notifications::{NotificationEvent, StreamStatus};

const STATUS: u64 = 0;
const DISCONNECTED: u64 = 1;
const MAX_ATTEMPTS: u64 = 2;
const FRAME: u64 = 3;
const SENT: u64 = 4;
const ROOM: u64 = 5;
const GAP: u64 = 6;
const MALFORMED: u64 = 7;
const NOTIFIED: u64 = 8;
const ANSWERED: u64 = 9;
const TOKEN_WANTED: u64 = 10;

/// Events of the chat client.
pub(super) fn events(events: &[Event]) -> String {
    let mut rows = Rows::default();
    rows.open();
    for one in events {
        rows.open();
        event(&mut rows, one);
        rows.close();
    }
    rows.close();
    rows.into_text()
}

/// One event that is not the chat's.
fn alone(what: u64, write: impl FnOnce(&mut Rows)) -> String {
    let mut row = Rows::default();
    row.open();
    row.open();
    row.number(what);
    write(&mut row);
    row.close();
    row.close();
    row.into_text()
}

/// A request is done: its number, status and text.
pub(super) fn answer(request: u64, status: u64, text: &str) -> String {
    alone(ANSWERED, |row| {
        row.number(request);
        row.number(status);
        row.text(text);
    })
}

/// A token is wanted: whether a cached one will not do, and the number of the question.
pub(super) fn token_wanted(fresh: bool, request: u64) -> String {
    alone(TOKEN_WANTED, |row| {
        flag(row, fresh);
        row.number(request);
    })
}

fn event(row: &mut Rows, event: &Event) {
    match event {
        Event::Frame(frame) => {
            row.number(FRAME);
            row.raw(frame.text());
        }
        Event::Status(one) => status(row, one),
        Event::Disconnected { code, reason } => {
            row.number(DISCONNECTED);
            number(row, code.map(u64::from));
            row.text(reason);
        }
        Event::MaxReconnectAttemptsReached => row.number(MAX_ATTEMPTS),
        Event::Sent { id, state } => {
            row.number(SENT);
            row.text(id.as_str());
            send_state(row, state);
        }
        Event::Room { room, state } => {
            row.number(ROOM);
            row.text(room.as_str());
            match state {
                RoomState::Joined => row.text("joined"),
                RoomState::Left => row.text("left"),
                RoomState::Refused(code) => {
                    row.text("refused");
                    row.text(code.as_str());
                }
            }
        }
        Event::Gap(gap) => {
            row.number(GAP);
            text(row, gap.room.as_deref());
            row.number(gap.from);
            row.number(gap.to);
            row.text(match gap.reason {
                GapReason::Limit => "LIMIT",
                GapReason::Retention => "RETENTION",
                GapReason::Epoch => "EPOCH",
                GapReason::Lost => "LOST",
            });
        }
        Event::Malformed(text) => {
            row.number(MALFORMED);
            row.text(text);
        }
        // An empty row is nothing to the face.
        Event::Resumed => {}
    }
}

/// `STATUS, state, next retry in ms since the epoch, attempts, online, transport, why closed, persistence`.
fn status(row: &mut Rows, status: &Status) {
    row.number(STATUS);
    row.text(match status.state {
        State::Idle => "idle",
        State::Connecting => "connecting",
        State::Connected => "connected",
        State::Reconnecting => "reconnecting",
        State::Closed => "closed",
    });
    number(row, status.next_retry_at.map(host::to_epoch_ms));
    row.number(status.attempts.into());
    flag(row, status.online);
    row.text(status.transport.as_str());
    text(
        row,
        status.closed_by.map(|by| match by {
            ClosedBy::Client => "client",
            ClosedBy::Server => "server",
            ClosedBy::Unauthenticated => "unauthenticated",
            ClosedBy::Forbidden => "forbidden",
            ClosedBy::Replaced => "replaced",
            ClosedBy::MaxAttempts => "maxAttempts",
        }),
    );
    flag(row, status.persistence);
}

/// What the outbox holds: `[id, frame, code of the refusal]` each.
pub(super) fn outbox(rows: &mut Rows, entries: &[Stored]) {
    rows.open();
    for entry in entries {
        rows.open();
        rows.text(entry.id.as_str());
        rows.raw(&entry.frame);
        text(rows, entry.failed.as_deref());
        rows.close();
    }
    rows.close();
}

/// One event of the notification stream: `[name, data, cursor]`, or a status, or a loss.
pub(super) fn notified(event: &NotificationEvent) -> String {
    alone(NOTIFIED, |row| match event {
        NotificationEvent::Message { kind, data, cursor } => {
            row.text(kind.as_str());
            row.text(data);
            text(row, cursor.as_deref());
        }
        NotificationEvent::Status(status) => stream_status(row, status),
        NotificationEvent::Disconnected(error) => {
            row.number(DISCONNECTED);
            row.text(error.as_ref().map(reason).unwrap_or_default());
        }
        NotificationEvent::MaxReconnectAttemptsReached => row.number(MAX_ATTEMPTS),
    })
}

/// Why a request has no answer, without the machinery of `Display`.
pub(super) fn reason(error: &HttpError) -> &str {
    match error {
        HttpError::Token(reason) | HttpError::Network(reason) | HttpError::Body(reason) => reason,
        HttpError::Problem(problem) => &problem.title,
        HttpError::Status(401 | 403) => "refused",
        HttpError::Status(_) => "unavailable",
    }
}

/// `STATUS, state, next retry in ms since the epoch, attempts`.
fn stream_status(row: &mut Rows, status: &StreamStatus) {
    row.number(STATUS);
    row.text(status.state.as_str());
    number(row, status.next_retry_at.map(host::to_epoch_ms));
    row.number(status.attempts.into());
}

/// The state's name and what belongs to it.
fn send_state(row: &mut Rows, state: &SendState) {
    row.text(match state {
        SendState::Queued => "queued",
        SendState::InFlight => "inFlight",
        SendState::Acked { .. } => "acked",
        SendState::Failed(_) => "failed",
        SendState::Refused(_) => "refused",
        SendState::Cancelled => "cancelled",
        SendState::TakenOver => "takenOver",
    });
    match state {
        SendState::Acked { room, message_id, seq, duplicate } => {
            text(row, room.as_deref());
            text(row, message_id.as_deref());
            number(row, *seq);
            flag(row, *duplicate);
        }
        SendState::Failed(code) => row.text(code.as_str()),
        SendState::Refused(refusal) => row.text(match refusal {
            Refusal::QueueFull => "QUEUE_FULL",
            Refusal::TooLarge => "TOO_LARGE",
            Refusal::Empty => "EMPTY",
            Refusal::Busy => "BUSY",
            Refusal::Unknown => "UNKNOWN_ENTRY",
        }),
        SendState::Queued | SendState::InFlight | SendState::Cancelled | SendState::TakenOver => {}
    }
}

fn text(row: &mut Rows, value: Option<&str>) {
    match value {
        Some(value) => row.text(value),
        None => row.raw("null"),
    }
}

fn number(row: &mut Rows, value: Option<u64>) {
    match value {
        Some(value) => row.number(value),
        None => row.raw("null"),
    }
}

fn flag(row: &mut Rows, value: bool) {
    row.raw(if value { "true" } else { "false" });
}
