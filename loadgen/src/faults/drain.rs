//! SIGTERM while everything is open that can be open: sessions, streams, requests that never come to their end, and
//! messages on their way.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::context::{Context, PATIENCE, Writers};
use super::outcome::Outcome;
use crate::check::{self, Watcher, Writer};
use crate::error::Error;
use crate::events::EventStream;
use crate::raw::{Peer, PeerError};
use crate::server::Server;

/// The default of `--drain-grace`: it ends within this time.
const GRACE: Duration = Duration::from_secs(10);
/// The default of `--drain-spread`, in milliseconds.
const SPREAD: u64 = 10_000;
/// Clients that go on writing.
const WRITERS: usize = 10;
/// The close code of a server that comes back.
const RESTARTS: u16 = 1012;
/// Connections that are opened at the same time.
const AT_ONCE: usize = 32;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let (sessions, streams, halves): (usize, usize, usize) = context.size((200, 20, 20), (2_000, 200, 100));
    let mut server = context.server(&[]).await?;
    let rooms: Vec<String> = (0..WRITERS).map(|n| format!("room-{n}")).collect();
    let (mut writers, mut watchers): (Vec<Writer>, Vec<Watcher>) = (Vec::new(), Vec::new());
    for (n, room) in rooms.iter().enumerate() {
        let (client, watcher) =
            context.enter(&server, &server.url(), &format!("writer-{n}"), std::slice::from_ref(room)).await?;
        watchers.push(watcher);
        let (name, room) = (format!("w{n}"), room.clone());
        writers.push(Writer { client, name, room, in_flight: 16, limit: None, pace: None });
    }
    let peers = peers(&server, sessions).await?;
    let mut open = Vec::new();
    for n in 0..streams {
        let (user, token) = (format!("user-{n}"), server.token(&format!("user-{n}"))?);
        open.push(EventStream::notifications(&server.url(), &user, &token, None).await?);
    }
    let _halves = half_requests(&server, halves).await?;
    let writers = Writers::start(writers);
    sleep(Duration::from_secs(1)).await;

    context.say(format!("SIGTERM with {sessions} sessions, {streams} streams, {halves} half requests"));
    let told = tokio::spawn(join_all(peers.into_iter().map(until_closed)));
    let ended = tokio::spawn(join_all(open.into_iter().map(until_ended)));
    let (status, took) = server.terminate().await?;
    let told = told.await.map_err(|e| Error::Broken(e.to_string()))?;
    let ended = ended.await.map_err(|e| Error::Broken(e.to_string()))?;
    server.restart().await?;
    let written = writers.finish().await?;
    let (token, deadline) = (server.token("reader")?, Instant::now() + PATIENCE);
    let verdict = check::judge(server.api(), &token, &rooms, &written, &watchers, deadline).await?;

    let mut outcome = Outcome::default();
    outcome.promise("the process ends by itself with 0", 1, usize::from(!status.success()));
    outcome.promise(format!("within {GRACE:?}"), 1, usize::from(took > GRACE));
    let untold = told.iter().filter(|told| told.retry_after_ms.is_none()).count();
    outcome.promise("each session is told when to come back", sessions, untold);
    let otherwise = told.iter().filter(|told| told.code != Some(RESTARTS)).count();
    outcome.promise(format!("each session is closed with {RESTARTS}"), sessions, otherwise);
    let cut = ended.iter().filter(|clean| !**clean).count();
    outcome.promise("each stream comes to a clean end", streams, cut);
    let turns: Vec<u64> = told.iter().filter_map(|told| told.retry_after_ms).collect();
    let (busiest, bound) = (busiest_tenth(&turns), (2 * sessions).div_ceil(100).max(4));
    outcome.promise(
        "no tenth of a second is told to more than twice the mean",
        turns.len(),
        busiest.saturating_sub(bound),
    );
    outcome.verdict(&verdict);
    outcome.figure("from SIGTERM to the end", format!("{took:.2?}"));
    let (first, last) = (turns.iter().min().copied(), turns.iter().max().copied());
    outcome.figure(
        "told to come back",
        format!(
            "from {} to {} ms; {busiest} in the busiest tenth",
            first.unwrap_or_default(),
            last.unwrap_or_default()
        ),
    );
    Ok(outcome)
}

/// What a session was told at its end.
#[derive(Default)]
struct Told {
    retry_after_ms: Option<u64>,
    code: Option<u16>,
}

async fn peers(server: &Server, count: usize) -> Result<Vec<Peer>, Error> {
    let mut peers = Vec::with_capacity(count);
    for first in (0..count).step_by(AT_ONCE) {
        let connecting = (first..count.min(first + AT_ONCE)).map(|n| {
            let token = server.token(&format!("user-{n}"));
            async move { Ok::<_, Error>(Peer::connect(server.addr(), &token?).await?) }
        });
        peers.extend(try_join_all(connecting).await?);
    }
    Ok(peers)
}

/// Requests whose head never ends.
async fn half_requests(server: &Server, count: usize) -> Result<Vec<TcpStream>, Error> {
    let mut halves = Vec::with_capacity(count);
    for _ in 0..count {
        let begin = async {
            let mut stream = TcpStream::connect(server.addr()).await?;
            stream.write_all(b"GET /ws/chat HTTP/1.1\r\nHost: half\r\n").await?;
            Ok(stream)
        };
        halves.push(begin.await.map_err(|e| Error::io("begin a request", e))?);
    }
    Ok(halves)
}

async fn until_closed(mut peer: Peer) -> Told {
    let mut told = Told::default();
    loop {
        let received = peer.receive(|heard| {
            if heard.is("SYSTEM", "GOING_AWAY") {
                told.retry_after_ms = heard.data.retry_after_ms;
            }
        });
        match received.await {
            Ok(()) => {}
            Err(PeerError::Closed(code)) => return Told { code, ..told },
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
    let mut tenths = vec![0_usize; usize::try_from(SPREAD / 100).unwrap_or_default() + 1];
    for turn in turns {
        let at = usize::try_from(turn / 100).unwrap_or(usize::MAX).min(tenths.len() - 1);
        if let Some(tenth) = tenths.get_mut(at) {
            *tenth += 1;
        }
    }
    tenths.into_iter().max().unwrap_or_default()
}
