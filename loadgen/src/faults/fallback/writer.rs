//! One who sends frames by POST, and the same body again until it is answered.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tidings_protocol::http::{FramePage, RealtimeFrames};
use tidings_protocol::{ClientSession, Event};
use tokio::time::sleep;

use crate::check::{Acked, Written};
use crate::error::Error;
use crate::events;
use crate::proxy::Door;

const PATH: &str = "/api/v1/realtime/frames";
/// Messages of one request.
const BODY: u64 = 5;
/// Every so many requests the answer is cut off on purpose: the server has stored, and the writer does not know.
const CUT_EVERY: u64 = 4;
/// How long an answer may take before the body is sent again.
const ANSWER: Duration = Duration::from_secs(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Joins the room and writes.
pub(super) async fn write(
    door: Door,
    token: String,
    room: String,
    name: String,
    messages: u64,
) -> Result<Written, Error> {
    let poster = Poster { door, token, session: ClientSession::new(format!("session-of-{name}"))?, room };
    let join = json!({"type": "JOIN_ROOM", "id": format!("{name}-join"), "roomId": poster.room});
    poster.post(vec![join]).await?;
    let mut written = Written::default();
    for first in (1..=messages).step_by(usize::try_from(BODY).unwrap_or(1)) {
        let numbers = first..(first + BODY).min(messages + 1);
        let frames = numbers.map(|n| frame(&poster.room, &name, n)).collect();
        if (first / BODY).is_multiple_of(CUT_EVERY) {
            poster.door.cut_reply(b"\"ACK\"");
        }
        written.acked.extend(poster.acks(frames, &name).await?);
        sleep(PAUSE).await;
    }
    // Once more at the end.
    let frames = (1..=BODY.min(messages)).map(|n| frame(&poster.room, &name, n)).collect();
    written.again = poster.acks(frames, &name).await?;
    Ok(written)
}

fn frame(room: &str, name: &str, n: u64) -> Value {
    json!({"type": "CHAT_MESSAGE", "id": format!("{name}-{n}"), "roomId": room, "content": format!("{name} {n}")})
}

struct Poster {
    door: Door,
    token: String,
    session: ClientSession,
    room: String,
}

impl Poster {
    /// The ACK of each frame. A frame that is refused for a while is sent again, and those behind it with it.
    async fn acks(&self, mut frames: Vec<Value>, name: &str) -> Result<Vec<Acked>, Error> {
        let mut acked = Vec::new();
        while !frames.is_empty() {
            let answers = self.post(frames.clone()).await?;
            for answer in answers {
                if let Event::Ack(ack) = answer {
                    let (id, message_id) = (ack.id.to_string(), ack.message_id.map(|id| id.to_string()));
                    frames.retain(|frame| frame.get("id").and_then(Value::as_str) != Some(&id));
                    let number = id.rsplit_once('-').map_or("", |(_, number)| number);
                    acked.push(Acked {
                        room: self.room.clone(),
                        content: format!("{name} {number}"),
                        id,
                        message_id: message_id.unwrap_or_default(),
                        seq: ack.seq.unwrap_or_default(),
                        duplicate: ack.duplicate,
                    });
                } else if matches!(&answer, Event::Error(error) if error.code.is_retryable()) {
                    sleep(PAUSE).await;
                } else {
                    return Err(Error::Broken(format!("a frame is answered with {answer:?}")));
                }
            }
        }
        Ok(acked)
    }

    /// Sends a body until it is answered.
    async fn post(&self, frames: Vec<Value>) -> Result<Vec<Event>, Error> {
        let body = RealtimeFrames { client_session: self.session.clone(), frames };
        let http = events::client(PATH)?;
        loop {
            let request =
                http.post(format!("{}{PATH}", self.door.url())).bearer_auth(&self.token).json(&body);
            match request.timeout(ANSWER).send().await {
                Ok(answer) if answer.status().is_success() => {
                    if let Ok(page) = answer.json::<FramePage>().await {
                        return Ok(page.frames.into_iter().map(|frame| frame.event).collect());
                    }
                }
                // The one before is still being answered, or the server is on its way out.
                Ok(answer)
                    if matches!(answer.status(), StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE) => {}
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    let detail = answer.text().await.unwrap_or_default();
                    return Err(Error::Refused { path: PATH.to_owned(), status, detail });
                }
                Err(_) => {}
            }
            sleep(PAUSE).await;
        }
    }
}
