//! Where a client says that it stands is read alike from a frame and from a body, means the same after it was written
//! again, and leads to a place in the log with nothing left out unsaid. So are frames in a body and on a socket.

#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidings_protocol::command::Resume;
use tidings_protocol::data::GapReason;
use tidings_protocol::http::{RealtimeFrames, RealtimeSubscribe};
use tidings_protocol::limits::REPLAY_LIMIT;
use tidings_protocol::{ClientFrame, Code, Command, FrameError, RoomId};
use tidings_server::connection::opening::{Start, start};
use tidings_server::http::json;

fuzz_target!(|text: &str| {
    if let Some(body) = read::<RealtimeSubscribe>(text) {
        assert_eq!(read(&written(&body)), Some(body));
    }
    if let Some(body) = read::<RealtimeFrames>(text) {
        let again: RealtimeFrames = read(&written(&body)).expect("what was written is a body");
        assert_eq!(again.client_session, body.client_session);
        let frames =
            |body: RealtimeFrames| body.frames.into_iter().map(|frame| meant(ClientFrame::from_value(frame)));
        let on_a_socket: Vec<_> =
            body.frames.iter().map(|frame| meant(ClientFrame::parse(&frame.to_string()))).collect();
        assert!(frames(body).eq(on_a_socket.iter().cloned()));
        assert!(frames(again).eq(on_a_socket));
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return };
    let with = |more: Value| {
        let more = more.as_object().cloned().unwrap_or_default();
        Value::Object(fields.clone().into_iter().chain(more).collect())
    };
    let frame =
        ClientFrame::from_value(with(json!({ "type": "RESUME", "id": "r", "after": null, "rewind": null })));
    let body = with(json!({ "clientSession": "page", "waitMs": null }));
    let body = json::parse::<RealtimeSubscribe>(body.to_string().as_bytes());
    match (frame, body) {
        (Ok(ClientFrame { command: Command::Resume(resume), .. }), Ok(body)) => {
            let RealtimeSubscribe { epoch, rooms, inbox_after, notifications_after, .. } = body;
            assert_eq!(resume, Resume { epoch, rooms, inbox_after, notifications_after, rewind: false });
            check_places(&resume);
        }
        (Err(frame), Err(body)) => {
            assert_eq!((frame.code, body.code()), (Code::InvalidFrame, Code::InvalidFrame))
        }
        (frame, body) => panic!("not alike: {frame:?}, {body:?}"),
    }
});

/// Reads a body, which is taken where it is one for any other reader of JSON.
fn read<T: DeserializeOwned + Debug>(text: &str) -> Option<T> {
    let taken = json::parse::<T>(text.as_bytes());
    assert_eq!(taken.is_ok(), serde_json::from_str::<T>(text).is_ok(), "{taken:?}");
    taken.map_err(|error| assert_eq!(error.code(), Code::InvalidFrame)).ok()
}

fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("what was read can be written")
}

/// A frame, or what is wrong with it, without the sentence: that may name a fraction, whose last digit is not the same
/// after it was written.
fn meant(frame: Result<ClientFrame, FrameError>) -> Result<ClientFrame, (Code, Option<String>)> {
    frame.map_err(|error| (error.code, error.field))
}

fn check_places(resume: &Resume) {
    for room in &resume.rooms {
        assert_eq!(RoomId::new(room.room_id.as_str()), Ok(room.room_id.clone()));
    }
    let said: Vec<Option<u64>> =
        resume.rooms.iter().map(|room| room.after_seq).chain([resume.inbox_after]).collect();
    let heads = said.iter().flatten().copied().chain([0, 1, REPLAY_LIMIT, REPLAY_LIMIT + 1, u64::MAX]);
    for head in heads {
        for after in &said {
            for same_epoch in [true, false] {
                let begin = start(*after, same_epoch, head, REPLAY_LIMIT);
                check_start(*after, same_epoch, head, &begin);
                for at in [0, head / 2, head] {
                    let back = begin.clone().behind(at);
                    assert!(back.last <= at.min(begin.last), "{back:?} behind {at}");
                    assert!(back.gap.is_none_or(|(_, to, _)| to <= back.last), "{back:?} behind {at}");
                }
            }
        }
    }
}

/// What is not replayed is told, and what is replayed is bounded.
fn check_start(after: Option<u64>, same_epoch: bool, head: u64, begin: &Start) {
    assert!(
        begin.last <= head && (after.is_none() || head - begin.last <= REPLAY_LIMIT),
        "{begin:?} of {head}"
    );
    match (after, begin.gap) {
        (None, gap) => assert_eq!((begin.last, gap), (head, None)),
        (Some(after), None) => assert!(same_epoch && begin.last == after, "{begin:?} after {after}"),
        (Some(after), Some((from, to, GapReason::Limit))) => {
            assert!(
                same_epoch && from == after + 1 && from <= to && to == begin.last,
                "{begin:?} after {after}"
            );
        }
        (Some(after), Some((from, to, GapReason::Epoch))) => {
            assert!(
                (!same_epoch || after > head) && from == 1 && to == begin.last,
                "{begin:?} after {after}"
            );
        }
        (after, gap) => panic!("{gap:?} after {after:?}"),
    }
}
