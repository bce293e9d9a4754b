//! All that can be open on a server that is told to end: sessions, streams, and requests that never come to their end.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::super::outcome::Outcome;
use crate::error::Error;
use crate::events::EventStream;
use crate::raw::{Peer, PeerError};

/// The close code of a server that comes back.
const RESTARTS: u16 = 1012;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 32;
/// Milliseconds of which none may be told to too many.
const TENTH: u64 = 100;

/// All of it. Sessions and streams are read from the beginning, so that they stand however long the others take.
#[derive(Debug)]
pub(in super::super) struct Everything {
    sessions: JoinSet<Session>,
    streams: JoinSet<bool>,
    halves: Vec<TcpStream>,
}

/// What they were told at their end.
#[derive(Debug)]
pub(in super::super) struct Told {
    sessions: Vec<Session>,
    /// Of each stream, whether it ended rather than broke.
    streams: Vec<bool>,
}

#[derive(Debug, Default)]
struct Session {
    retry_after_ms: Option<u64>,
    code: Option<u16>,
}

impl Everything {
    /// So many sessions, streams and half requests.
    pub(in super::super) async fn open(
        addr: SocketAddr,
        url: &str,
        token: impl Fn(&str) -> Result<String, Error>,
        (sessions, streams, halves): (usize, usize, usize),
    ) -> Result<Self, Error> {
        let mut all = Self { sessions: JoinSet::new(), streams: JoinSet::new(), halves: Vec::new() };
        for first in (0..sessions).step_by(AT_ONCE) {
            let connecting = (first..sessions.min(first + AT_ONCE)).map(|n| {
                let token = token(&format!("user-{n}"));
                async move { Ok::<_, Error>(Peer::connect(addr, &token?).await?) }
            });
            for peer in try_join_all(connecting).await? {
                all.sessions.spawn(until_closed(peer));
            }
        }
        for first in (0..streams).step_by(AT_ONCE) {
            let opening = (first..streams.min(first + AT_ONCE)).map(|n| {
                let user = format!("user-{n}");
                let token = token(&user);
                async move { EventStream::notifications(url, &user, &token?, None).await }
            });
            for stream in try_join_all(opening).await? {
                all.streams.spawn(until_ended(stream));
            }
        }
        for _ in 0..halves {
            all.halves.push(half_request(addr).await.map_err(|e| Error::io("begin a request", e))?);
        }
        Ok(all)
    }

    /// Waits until all is ended from the other side.
    pub(in super::super) async fn until_told(self) -> Told {
        let Self { sessions, streams, halves } = self;
        let told = Told { sessions: sessions.join_all().await, streams: streams.join_all().await };
        drop(halves);
        told
    }
}

impl Told {
    /// Holds it against what is promised, and says when all shall come back.
    pub(in super::super) fn judge(&self, spread: Duration, outcome: &mut Outcome) {
        let (sessions, streams) = (self.sessions.len(), self.streams.len());
        let turns: Vec<u64> = self.sessions.iter().filter_map(|told| told.retry_after_ms).collect();
        outcome.promise("each session is told when to come back", sessions, sessions - turns.len());
        let otherwise = self.sessions.iter().filter(|told| told.code != Some(RESTARTS)).count();
        outcome.promise(format!("each session is closed with {RESTARTS}"), sessions, otherwise);
        let cut = self.streams.iter().filter(|clean| !**clean).count();
        outcome.promise("each stream comes to a clean end", streams, cut);
        let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
        let late = turns.iter().filter(|turn| **turn > spread).count();
        outcome.promise("nobody is told to come back later than the spread", turns.len(), late);
        let busiest = busiest_tenth(&turns);
        let mean = turns.len() as f64 / (spread / TENTH).max(1) as f64;
        let bound = ((2.0 * mean).ceil() as usize).max(4);
        outcome.promise(
            "no tenth of a second is told to more than twice the mean",
            turns.len(),
            busiest.saturating_sub(bound),
        );
        let (first, last) = (turns.iter().min().copied(), turns.iter().max().copied());
        outcome.figure(
            format!("{sessions} sessions told to come back"),
            format!(
                "from {} to {} ms; {busiest} in the busiest tenth",
                first.unwrap_or_default(),
                last.unwrap_or_default()
            ),
        );
    }
}

/// A request whose head never ends.
async fn half_request(addr: SocketAddr) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(b"GET /ws/chat HTTP/1.1\r\nHost: half\r\n").await?;
    Ok(stream)
}

async fn until_closed(mut peer: Peer) -> Session {
    let mut told = Session::default();
    loop {
        let received = peer.receive(|heard| {
            if heard.is("SYSTEM", "GOING_AWAY") {
                told.retry_after_ms = heard.data.retry_after_ms;
            }
        });
        match received.await {
            Ok(()) => {}
            Err(PeerError::Closed(code)) => return Session { code, ..told },
            Err(PeerError::Io(_) | PeerError::Refused(_) | PeerError::Malformed) => return told,
        }
    }
}

/// Whether a stream ended rather than broke.
async fn until_ended(mut stream: EventStream) -> bool {
    loop {
        match stream.next().await {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fn busiest_tenth(turns: &[u64]) -> usize {
    let mut tenths = std::collections::HashMap::<u64, usize>::new();
    for turn in turns {
        *tenths.entry(turn / TENTH).or_default() += 1;
    }
    tenths.into_values().max().unwrap_or_default()
}
