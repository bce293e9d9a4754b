//! A room's log, read whole over HTTP.

use tidings_protocol::Event;
use tidings_protocol::http::FramePage;

use crate::api::Api;
use crate::error::Error;

/// One entry of the log, as the server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its position.
    pub seq: u64,
    /// The server's id of it.
    pub message_id: String,
    /// The client's.
    pub id: String,
    /// Its text.
    pub content: String,
}

/// Reads a room's log whole.
///
/// # Errors
/// The server does not answer, or refuses.
pub async fn read(api: &Api, token: &str, room: &str) -> Result<Vec<Logged>, Error> {
    let mut log: Vec<Logged> = Vec::new();
    loop {
        let after = log.last().map_or(0, |entry| entry.seq);
        let page: FramePage =
            api.get(token, &format!("/api/v1/rooms/{room}/log?after={after}&limit=200")).await?;
        let before = log.len();
        for frame in page.frames {
            if let Event::ChatMessage(message) = frame.event {
                log.push(Logged {
                    seq: message.seq,
                    message_id: message.message_id.to_string(),
                    id: message.client_id.map(|id| id.to_string()).unwrap_or_default(),
                    content: message.content,
                });
            }
        }
        if !page.has_more || log.len() == before {
            return Ok(log);
        }
    }
}
