//! A client, and what it is shown of each of two logs: the one that was, and the one that was put in its place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidings_client_native::{Client, Config, Event, Events, GapReason, Kind, Transports, parse};

use crate::check::{Seen, Watcher};
use crate::error::Error;
use crate::server::Server;

/// One client.
pub(super) struct Reader {
    /// The client.
    pub(super) client: Client,
    before: Watcher,
    after: Watcher,
    told: Arc<Told>,
}

/// How often it was told of each room that the log is another one.
#[derive(Default)]
struct Told(Mutex<HashMap<String, usize>>);

impl Reader {
    /// By these transports, in these rooms.
    pub(super) async fn enter(
        server: &Server,
        user: &str,
        transports: Transports,
        rooms: &[String],
    ) -> Result<Self, Error> {
        let mut config = Config::new(server.url(), server.token(user)?);
        config.transports = transports;
        let (client, events) = Client::connect(config).await?;
        let watcher = || Watcher { name: user.to_owned(), rooms: rooms.to_vec(), seen: Arc::default() };
        let (before, after, told) = (watcher(), watcher(), Arc::<Told>::default());
        let parts = [Arc::clone(&before.seen), Arc::clone(&after.seen)];
        tokio::spawn(watch(events, parts, Arc::clone(&told)));
        for room in rooms {
            client.join(room).await?;
        }
        Ok(Self { client, before, after, told })
    }

    /// What it is shown until it is told.
    pub(super) fn before(&self) -> Watcher {
        self.before.clone()
    }

    /// What it is shown from then on.
    pub(super) fn after(&self) -> Watcher {
        self.after.clone()
    }

    /// How often it was told of a room.
    pub(super) fn told(&self, room: &str) -> usize {
        self.told.lock().get(room).copied().unwrap_or_default()
    }
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn watch(mut events: Events, [before, after]: [Arc<Seen>; 2], told: Arc<Told>) {
    while let Some(event) = events.recv().await {
        if let Event::Gap(gap) = &event
            && gap.reason == GapReason::Epoch
            && let Some(room) = &gap.room
        {
            *told.lock().entry(room.clone()).or_default() += 1;
        }
        if let Event::Frame(frame) = event
            && frame.kind() == Kind::ChatMessage
            && let Ok(frame) = parse(&frame)
            && let tidings_protocol::Event::ChatMessage(message) = &frame.event
        {
            let is_told = told.lock().contains_key(message.room_id.as_str());
            if is_told { &after } else { &before }.frame(&frame.event);
        }
    }
}
