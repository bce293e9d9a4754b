//! Server-sent events (HTML standard, chapter 9.2), as far as this server sends them.
//!
//! The clients' own reader (`tidings-client-core`) is not used here on purpose: where bare HTTP is compared with the
//! log, nothing of the clients may stand between, neither to help nor to lose something.

use std::collections::VecDeque;

use reqwest::{Client, RequestBuilder, Response};

use crate::error::Error;

/// Bytes of an event that is still coming; past that the stream is given up.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its name; `message` where there is none.
    pub name: String,
    /// The position behind it, where it has one.
    pub id: Option<String>,
    /// What it carries.
    pub data: String,
}

/// An open stream.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    path: String,
    rest: Vec<u8>,
    ready: VecDeque<StreamEvent>,
}

impl EventStream {
    /// Opens a user's notifications behind a cursor.
    ///
    /// # Errors
    /// The server is not there, or refuses.
    pub async fn notifications(
        base: &str,
        user: &str,
        token: &str,
        cursor: Option<&str>,
    ) -> Result<Self, Error> {
        let path = format!("/api/v1/notifications/stream/{user}");
        let mut request = client(&path)?.get(format!("{base}{path}")).bearer_auth(token);
        if let Some(cursor) = cursor {
            request = request.header("last-event-id", cursor);
        }
        Self::open(path, request).await
    }

    /// Sends a request whose answer is a stream.
    ///
    /// # Errors
    /// The server is not there, or refuses.
    pub async fn open(path: String, request: RequestBuilder) -> Result<Self, Error> {
        let failed = |source| Error::Http { path: path.clone(), source };
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            let detail = response.text().await.map_err(failed)?;
            return Err(Error::Refused { path, status: status.as_u16(), detail });
        }
        Ok(Self { response, path, rest: Vec::new(), ready: VecDeque::new() })
    }

    /// The next event; `None` at the stream's end. Comments are passed over.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<StreamEvent>, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            let chunk = self.response.chunk().await;
            let failed = |source| Error::Http { path: self.path.clone(), source };
            let Some(chunk) = chunk.map_err(failed)? else { return Ok(None) };
            self.rest.extend_from_slice(&chunk);
            if self.rest.len() > MAX_BYTES {
                return Err(Error::Broken(format!("{}: an event without an end", self.path)));
            }
            self.take();
        }
    }

    fn take(&mut self) {
        while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = self.rest.drain(..end + 2).collect();
            self.ready.extend(parse(&String::from_utf8_lossy(&event)));
        }
    }
}

/// A client for streams: it waits as long as the server does.
///
/// # Errors
/// The system refuses.
pub fn client(path: &str) -> Result<Client, Error> {
    let built = Client::builder().no_proxy().pool_max_idle_per_host(0).build();
    built.map_err(|source| Error::Http { path: path.to_owned(), source })
}

/// One event's lines; `None` for comments and settings.
fn parse(lines: &str) -> Option<StreamEvent> {
    let (mut event, mut data) =
        (StreamEvent { name: "message".to_owned(), ..Default::default() }, Vec::new());
    for line in lines.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => event.id = Some(value.to_owned()),
            "data" => data.push(value),
            _ => {}
        }
    }
    event.data = data.join("\n");
    (!data.is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_a_name_a_position_and_lines_of_data() {
        let event = parse("event: notification\nid: a.1\ndata: one\ndata: two\n\n").unwrap();
        let wanted = StreamEvent {
            name: "notification".to_owned(),
            id: Some("a.1".to_owned()),
            data: "one\ntwo".to_owned(),
        };
        assert_eq!(event, wanted);
    }

    #[test]
    fn comments_and_settings_are_no_events() {
        assert_eq!(parse(": keep-alive\n\n"), None);
        assert_eq!(parse("retry: 1000\n\n"), None);
    }
}
