//! Who comes back without a client of ours: a bare WebSocket with a position, and a notification stream with a cursor.

use std::time::Duration;

use tokio::time::timeout;

use super::super::outcome::Outcome;
use super::super::sse;
use crate::check::Logged;
use crate::error::Error;
use crate::events::{EventStream, StreamEvent};
use crate::raw::{Heard, Peer};
use crate::server::Server;

/// What must come comes within this time.
const SOON: Duration = Duration::from_secs(20);
const LISTENER: &str = "listener";

/// Both, as they are when the server goes.
pub(super) struct Old {
    room: String,
    epoch: String,
    /// The position of the last message that the WebSocket was sent.
    at: u64,
    stream: EventStream,
    /// The position behind the last notification.
    cursor: Option<String>,
}

/// What a resumed WebSocket was sent of its room.
#[derive(Default)]
struct Resumed {
    epoch: Option<String>,
    is_told: bool,
    /// Messages that came before it was told.
    too_soon: usize,
    shown: Vec<(u64, String)>,
}

impl Old {
    /// With a first notification, which the backup will hold.
    pub(super) async fn enter(server: &Server, rooms: &[String]) -> Result<Self, Error> {
        let room = rooms.first().cloned().unwrap_or_default();
        let token = server.token(LISTENER)?;
        let stream = EventStream::notifications(&server.url(), LISTENER, &token, None).await?;
        let mut old = Self { room, epoch: String::new(), at: 0, stream, cursor: None };
        old.notify(server, 1).await?;
        Ok(old)
    }

    /// Sees all that there is before the server goes, and a notification that the backup does not hold.
    pub(super) async fn see_all(&mut self, server: &Server, logs: &[Vec<Logged>]) -> Result<(), Error> {
        let head = logs.first().and_then(|log| log.last()).map_or(0, |entry| entry.seq);
        let mut peer = Peer::connect(server.addr(), &server.token("old")?).await?;
        peer.send(&format!(r#"{{"type":"JOIN_ROOM","roomId":"{}","afterSeq":0}}"#, self.room)).await?;
        let mut resumed = Resumed::default();
        soon("a log", receive(&mut peer, &mut resumed, head)).await?;
        self.at = resumed.shown.last().map_or(0, |(seq, _)| *seq);
        self.epoch = resumed.epoch.unwrap_or_default();
        self.notify(server, 2).await
    }

    /// Comes back to the restored log.
    pub(super) async fn come_back(
        &mut self,
        server: &Server,
        logs: &[Vec<Logged>],
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let log = logs.first().map(Vec::as_slice).unwrap_or_default();
        let resumed = self.resume(server, log.last().map_or(0, |entry| entry.seq)).await?;
        let is_new = resumed.epoch.as_ref().is_some_and(|epoch| *epoch != self.epoch);
        let (told, shown) = (resumed.is_told && resumed.too_soon == 0, &resumed.shown);
        outcome.promise("the server greets with another epoch", 1, usize::from(!is_new));
        outcome.promise(
            "RESUME at a position of the old log is answered by GAP with EPOCH",
            1,
            usize::from(!told),
        );
        let same =
            |(entry, (seq, id)): &(&Logged, &(u64, String))| entry.seq == *seq && entry.message_id == *id;
        let as_it_is = log.iter().zip(shown).filter(same).count();
        let otherwise = log.len().max(shown.len()) - as_it_is;
        outcome.promise("and then by the log as it is now", log.len(), otherwise);

        let cursor = self.cursor.clone();
        let token = server.token(LISTENER)?;
        self.stream = EventStream::notifications(&server.url(), LISTENER, &token, cursor.as_deref()).await?;
        let first = soon("a stream's first event", self.next()).await?;
        let is_reset = first.name == "reset" && first.data.contains("epoch");
        outcome.promise("a cursor of the old log is answered by `reset`", 1, usize::from(!is_reset));
        if !is_reset {
            outcome.example(format!("a stream with a cursor of the old log begins with {first:?}"));
        }
        // It comes, or the run ends here.
        self.notify(server, 3).await?;
        outcome.promise("a notification that is sent then comes", 1, 0);
        Ok(())
    }

    async fn resume(&self, server: &Server, head: u64) -> Result<Resumed, Error> {
        let mut peer = Peer::connect(server.addr(), &server.token("old")?).await?;
        let resume = serde_json::json!({
            "type": "RESUME",
            "epoch": self.epoch,
            "rooms": [{ "roomId": self.room, "afterSeq": self.at }],
        });
        peer.send(&resume.to_string()).await?;
        let mut resumed = Resumed::default();
        soon("the restored log", receive(&mut peer, &mut resumed, head)).await?;
        Ok(resumed)
    }

    /// Sends a notification, and waits until it comes.
    async fn notify(&mut self, server: &Server, number: usize) -> Result<(), Error> {
        let publisher = server.token_for("publisher", "notify")?;
        let id = sse::notify(server.api(), &publisher, LISTENER, number).await?;
        let coming = async {
            loop {
                let event = self.next().await?;
                if event.data.contains(&id) {
                    return Ok(event.id);
                }
            }
        };
        self.cursor = soon("a notification", coming).await?;
        Ok(())
    }

    /// The next event but for the greeting.
    async fn next(&mut self) -> Result<StreamEvent, Error> {
        loop {
            let event = self.stream.next().await?;
            let event = event.ok_or_else(|| Error::Broken("a stream has ended".to_owned()))?;
            if event.name != "connected" {
                return Ok(event);
            }
        }
    }
}

/// Receives until the message at `head` has come.
async fn receive(peer: &mut Peer, resumed: &mut Resumed, head: u64) -> Result<(), Error> {
    while resumed.shown.last().map_or(0, |(seq, _)| *seq) < head {
        peer.receive(|heard| resumed.add(&heard)).await?;
    }
    Ok(())
}

impl Resumed {
    fn add(&mut self, heard: &Heard<'_>) {
        if heard.is("SYSTEM", "CONNECTION_ESTABLISHED") {
            self.epoch = heard.data.epoch.as_deref().map(str::to_owned);
        } else if heard.is("SYSTEM", "GAP") {
            self.is_told |= heard.data.reason.as_deref() == Some("EPOCH");
        } else if let Some(seq) = heard.message() {
            self.too_soon += usize::from(!self.is_told);
            self.shown.push((seq, heard.data.message_id.as_deref().unwrap_or_default().to_owned()));
        }
    }
}

async fn soon<T>(what: &str, coming: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let late = |_| Error::Late { what: what.to_owned(), seconds: SOON.as_secs() };
    timeout(SOON, coming).await.map_err(late)?
}
