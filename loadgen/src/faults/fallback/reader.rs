//! One who reads rooms by stream, by poll, or by one transport after the other, and asks each time for what follows
//! the last message that came whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use tidings_client_native::{Config, Events};
use tidings_protocol::command::RoomPosition;
use tidings_protocol::http::{FramePage, RealtimeSubscribe};
use tidings_protocol::{ClientSession, Event, RoomId, ServerFrame};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::check::Seen;
use crate::error::Error;
use crate::events::{self, EventStream};
use crate::proxy::Door;

/// How long a poll waits for a message.
const WAIT_MS: u64 = 2_000;
/// How long a poll's answer may take in all.
const ANSWER: Duration = Duration::from_secs(6);
/// A transport is used this long before the next one's turn.
const TURN: Duration = Duration::from_millis(700);
/// A stream on which nothing comes for so long is opened anew.
const SILENCE: Duration = Duration::from_secs(5);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(30);

/// By which transport.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Stream,
    Poll,
    InTurn,
}

impl How {
    pub(super) const ALL: [Self; 3] = [Self::Stream, Self::Poll, Self::InTurn];
}

/// What all readers were handed, by each transport.
#[derive(Debug, Default)]
pub(super) struct Handed {
    stream: AtomicUsize,
    poll: AtomicUsize,
    web_socket: AtomicUsize,
}

impl Handed {
    /// Each transport's name and its messages.
    pub(super) fn each(&self) -> [(&'static str, usize); 3] {
        [("stream", &self.stream), ("poll", &self.poll), ("WebSocket", &self.web_socket)]
            .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

/// One reader.
#[derive(Debug)]
pub(super) struct Reader {
    door: Door,
    token: String,
    session: ClientSession,
    rooms: Vec<String>,
    seen: Arc<Seen>,
    handed: Arc<Handed>,
    http: Client,
}

impl Reader {
    pub(super) fn new(
        door: Door,
        token: String,
        rooms: Vec<String>,
        seen: Arc<Seen>,
        handed: Arc<Handed>,
    ) -> Result<Self, Error> {
        let session = ClientSession::new(format!("session-{}", door.addr().port()))?;
        Ok(Self { door, token, session, rooms, seen, handed, http: events::client("/api/v1/realtime")? })
    }

    /// Reads for ever; ends where a request is refused.
    pub(super) async fn read(self, how: How) -> Result<(), Error> {
        let never = Instant::now() + Duration::from_secs(24 * 60 * 60);
        match how {
            How::Stream => loop {
                self.stream(never).await?;
            },
            How::Poll => loop {
                self.poll().await?;
            },
            How::InTurn => loop {
                self.stream(Instant::now() + TURN).await?;
                self.poll().await?;
                self.web_socket(Instant::now() + TURN).await?;
                self.poll().await?;
            },
        }
    }

    /// One stream, until it breaks or the time is over.
    async fn stream(&self, until: Instant) -> Result<(), Error> {
        let path = "/api/v1/realtime/stream";
        let mut stream = match EventStream::open(path.to_owned(), self.request(path, None)?).await {
            Ok(stream) => stream,
            Err(error) => return refused_for_good(error).await,
        };
        while let Ok(Ok(Ok(Some(event)))) = timeout_at(until, timeout(SILENCE, stream.next())).await {
            if let Ok(frame) = serde_json::from_str::<ServerFrame>(&event.data) {
                self.take(&frame.event, &self.handed.stream);
            }
        }
        Ok(())
    }

    /// One poll.
    async fn poll(&self) -> Result<(), Error> {
        let path = "/api/v1/realtime/poll";
        let answer = self.request(path, Some(WAIT_MS))?.timeout(ANSWER).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                // An answer that breaks off has shown nothing.
                if let Ok(page) = answer.json::<FramePage>().await {
                    page.frames.iter().for_each(|frame| self.take(&frame.event, &self.handed.poll));
                }
                Ok(())
            }
            Ok(answer) => {
                let status = answer.status().as_u16();
                let detail = answer.text().await.unwrap_or_default();
                refused_for_good(Error::Refused { path: path.to_owned(), status, detail }).await
            }
            Err(source) => refused_for_good(Error::Http { path: path.to_owned(), source }).await,
        }
    }

    /// A WebSocket by the real client, with the positions of what came by the other transports.
    async fn web_socket(&self, until: Instant) -> Result<(), Error> {
        let config = Config::new(self.door.url(), self.token.clone());
        let Ok((client, mut events)) = tidings_client_native::Client::start(config) else { return Ok(()) };
        let turn = async {
            for room in &self.rooms {
                let joined = client.join_after(room, Some(self.seen.last(room)));
                tokio::select! {
                    joined = joined => joined?,
                    () = self.take_all(&mut events) => {}
                }
            }
            self.take_all(&mut events).await;
            Ok::<_, Error>(())
        };
        let ended = timeout_at(until, turn).await.unwrap_or(Ok(()));
        drop(events);
        let _ = timeout(TURN, client.close()).await;
        ended
    }

    /// Writes down what a client is shown, for as long as it is.
    async fn take_all(&self, events: &mut Events) {
        while let Some(frame) = events.frame().await {
            self.take(&frame.event, &self.handed.web_socket);
        }
    }

    /// Writes down a message of a room, and by which way it came.
    fn take(&self, event: &Event, way: &AtomicUsize) {
        if let Event::ChatMessage(_) = event {
            self.seen.frame(event);
            way.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn request(&self, path: &str, wait_ms: Option<u64>) -> Result<RequestBuilder, Error> {
        let position = |room: &String| {
            Ok(RoomPosition { room_id: RoomId::new(room.as_str())?, after_seq: Some(self.seen.last(room)) })
        };
        let body = RealtimeSubscribe {
            client_session: self.session.clone(),
            epoch: None,
            rooms: self.rooms.iter().map(position).collect::<Result<_, Error>>()?,
            inbox_after: None,
            notifications_after: None,
            wait_ms,
            aside: false,
        };
        Ok(self.http.post(format!("{}{path}", self.door.url())).bearer_auth(&self.token).json(&body))
    }
}

/// A connection that broke, a server that is not there, or a newer request of the same reader: try again.
async fn refused_for_good(error: Error) -> Result<(), Error> {
    let passing = [StatusCode::CONFLICT, StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
    let passes = if let Error::Refused { status, .. } = &error {
        passing.iter().any(|code| code.as_u16() == *status)
    } else {
        matches!(error, Error::Http { .. })
    };
    if !passes {
        return Err(error);
    }
    sleep(PAUSE).await;
    Ok(())
}
