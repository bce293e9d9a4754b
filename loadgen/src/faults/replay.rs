//! A client comes back far behind and is sent what it missed, while others write and read: what it costs them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::context::{Context, PATIENCE};
use super::outcome::Outcome;
use crate::error::Error;
use crate::raw::{Peer, PeerError};
use crate::server::Server;

/// Messages that are sent before the first answer of them is waited for, while the room is filled.
const WINDOW: usize = 500;
/// Readers of the room in which people talk.
const READERS: usize = 20;
/// Messages a second in that room.
const RATE: u32 = 100;
/// What the wait may grow by.
const TENTH: f64 = 1.1;
const NO_BOUNDS: &[&str] = &["--max-frames-per-second", "100000", "--frame-burst", "100000"];

/// When each message of the live room was due, by its `seq`.
type Due = Arc<Mutex<Vec<Instant>>>;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let behind = context.size(10_000, 50_000);
    let replays = context.size(4, 10);
    let server = context.server(NO_BOUNDS).await?;
    fill(&server, behind).await?;
    context.say(format!("a room holds {behind} messages"));

    let live = Live::start(&server).await?;
    let (mut before, mut during, mut came, mut replaying) = (Vec::new(), Vec::new(), 0, Duration::ZERO);
    // In turns, so that what else the machine does weighs on both alike.
    let mut pause = Duration::from_secs(1);
    for _ in 0..replays {
        live.take();
        tokio::time::sleep(pause).await;
        before.append(&mut live.take());
        let began = Instant::now();
        came += timeout(PATIENCE, replay(&server, behind)).await.map_err(|_| late("a replay"))??;
        pause = began.elapsed();
        replaying += pause;
        during.append(&mut live.take());
    }
    live.end().await?;

    let mut outcome = Outcome::default();
    let wanted = behind * replays;
    outcome.promise("a message that was missed is replayed, in order", wanted, wanted - came);
    let (p99_before, p99_during) = (percentile(&before, 99), percentile(&during, 99));
    let ratio = p99_during.as_secs_f64() / p99_before.as_secs_f64().max(1e-9);
    outcome.aim("the others' p99 grows by at most a tenth", 1, usize::from(ratio > TENTH));
    let row = |waits: &[Duration]| {
        let (half, most) = (percentile(waits, 50), percentile(waits, 99));
        format!("median {half:.1?}, p99 {most:.1?}, {} deliveries", waits.len())
    };
    outcome.figure("delivery to the others before", row(&before));
    outcome.figure("delivery to the others during the replays", row(&during));
    outcome.figure("p99 during, of p99 before", format!("{ratio:.2}"));
    let a_second = came as f64 / replaying.as_secs_f64();
    outcome.figure("replayed messages a second", format!("{a_second:.0}"));
    Ok(outcome)
}

async fn fill(server: &Server, messages: usize) -> Result<(), Error> {
    let mut peer = join(server, "filler", "deep", None).await?;
    for first in (0..messages).step_by(WINDOW) {
        let batch = first..messages.min(first + WINDOW);
        let (mut acks, wanted) = (0, batch.len());
        let frames: Vec<String> = batch
            .map(|n| format!(r#"{{"type":"CHAT_MESSAGE","roomId":"deep","id":"d{n}","content":"message {n} of many that were missed"}}"#))
            .collect();
        peer.send_all(&frames).await.map_err(failed)?;
        while acks < wanted {
            peer.receive(|heard| acks += usize::from(heard.is("SYSTEM", "ACK"))).await.map_err(failed)?;
        }
    }
    Ok(())
}

/// Comes back with nothing seen, and reads until it has seen all. Returns how many came in order.
async fn replay(server: &Server, behind: usize) -> Result<usize, Error> {
    let mut peer = join(server, "late", "deep", Some(0)).await?;
    let mut last = 0;
    while last < behind {
        let mut in_order = true;
        peer.receive(|heard| {
            if let Some(seq) = heard.message() {
                last += 1;
                in_order &= seq == last as u64;
            }
        })
        .await
        .map_err(failed)?;
        if !in_order {
            return Ok(last - 1);
        }
    }
    Ok(last)
}

async fn join(server: &Server, user: &str, room: &str, after: Option<u64>) -> Result<Peer, Error> {
    let mut peer = Peer::connect(server.addr(), &server.token(user)?).await.map_err(failed)?;
    let after = after.map_or_else(String::new, |after| format!(r#","afterSeq":{after}"#));
    peer.send(&format!(r#"{{"type":"JOIN_ROOM","roomId":"{room}"{after}}}"#)).await.map_err(failed)?;
    if after.is_empty() {
        peer.find(|heard| heard.is("SYSTEM", "ROOM_PARTICIPANTS")).await.map_err(failed)?;
    }
    Ok(peer)
}

/// The room in which people talk.
struct Live {
    waits: Arc<Mutex<Vec<Duration>>>,
    tasks: JoinSet<Result<(), Error>>,
}

impl Live {
    async fn start(server: &Server) -> Result<Self, Error> {
        let (waits, due) = (Arc::<Mutex<Vec<Duration>>>::default(), Due::default());
        let mut tasks = JoinSet::new();
        for n in 0..READERS {
            let mut peer = join(server, &format!("reader-{n}"), "live", None).await?;
            let (waits, due) = (Arc::clone(&waits), Arc::clone(&due));
            tasks.spawn(async move {
                loop {
                    peer.receive(|heard| {
                        let Some(seq) = heard.message() else { return };
                        let at = usize::try_from(seq - 1).unwrap_or(usize::MAX);
                        let due = due.lock().unwrap_or_else(PoisonError::into_inner).get(at).copied();
                        if let Some(due) = due {
                            waits.lock().unwrap_or_else(PoisonError::into_inner).push(due.elapsed());
                        }
                    })
                    .await
                    .map_err(failed)?;
                }
            });
        }
        let mut peer = join(server, "talker", "live", None).await?;
        tasks.spawn(async move {
            let mut clock = interval(Duration::from_secs(1) / RATE);
            clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
            loop {
                tokio::select! {
                    at = clock.tick() => {
                        due.lock().unwrap_or_else(PoisonError::into_inner).push(at);
                        peer.send(r#"{"type":"CHAT_MESSAGE","roomId":"live","content":"hello all"}"#).await.map_err(failed)?;
                    }
                    heard = peer.receive(|_| {}) => heard.map_err(failed)?,
                }
            }
        });
        Ok(Self { waits, tasks })
    }

    /// What was waited since the last time.
    fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends; an error where one of the peers had come to one.
    async fn end(mut self) -> Result<(), Error> {
        while let Some(ended) = self.tasks.try_join_next() {
            ended.map_err(|error| Error::Broken(format!("a peer has failed: {error}")))??;
        }
        self.tasks.shutdown().await;
        Ok(())
    }
}

fn percentile(waits: &[Duration], percent: usize) -> Duration {
    let mut sorted = waits.to_vec();
    sorted.sort_unstable();
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn failed(error: PeerError) -> Error {
    Error::Broken(format!("a peer's connection: {error}"))
}

fn late(what: &str) -> Error {
    Error::Late { what: what.to_owned(), seconds: PATIENCE.as_secs() }
}
