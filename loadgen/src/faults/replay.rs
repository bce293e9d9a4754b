//! A client comes back far behind and is sent what it missed, while others write and read: what it costs them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::context::{Context, PATIENCE};
use super::outcome::Outcome;
use super::rounds::{self, Round};
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

/// A message that comes this soon behind the last one that was missed came once too often.
const QUIET: Duration = Duration::from_millis(300);

/// When each message of the live room was due, by its `seq`.
type Due = Arc<Mutex<Vec<Instant>>>;

pub(super) async fn run(context: &Context) -> Result<Outcome, Error> {
    let behind = context.size(10_000, 50_000);
    let replays = context.size(4, 16);
    let server = context.server(NO_BOUNDS).await?;
    fill(&server, behind).await?;
    context.say(format!("a room holds {behind} messages"));

    let live = Live::start(&server).await?;
    let (mut rounds, mut came, mut replaying) = (Vec::new(), 0, Duration::ZERO);
    let mut wrong = Vec::new();
    let mut length = Duration::from_secs(1);
    for _ in 0..replays {
        live.take();
        tokio::time::sleep(length).await;
        let pause = live.take();
        let began = Instant::now();
        let mut peer = join(&server, "late", "deep", Some(0)).await?;
        let reading = replay(&mut peer, behind);
        let (in_order, otherwise) = timeout(PATIENCE, reading).await.map_err(|_| late("a replay"))??;
        came += in_order;
        length = began.elapsed();
        replaying += length;
        rounds.push(Round { pause, during: live.take() });
        wrong.extend(otherwise.or(too_many(&mut peer).await?));
    }
    live.end().await?;

    let mut outcome = Outcome::default();
    let wanted = behind * replays;
    outcome.promise("a message that was missed is replayed, once and in order", wanted, wanted - came);
    outcome.promise("a replay has nothing that is out of order or too many", replays, wrong.len());
    wrong.into_iter().for_each(|seq| outcome.example(format!("{seq} came where it was not due")));
    rounds::compare(&mut outcome, "the others' p99 grows by at most a tenth", TENTH, "the replays", rounds);
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

/// Reads with nothing seen until it has seen all. Returns how many came in order, and what came in place of the next.
async fn replay(peer: &mut Peer, behind: usize) -> Result<(usize, Option<u64>), Error> {
    let mut so_far = Replayed::default();
    while so_far.in_order < behind && so_far.wrong.is_none() {
        peer.receive(|heard| so_far.add(heard.message(), behind)).await.map_err(failed)?;
    }
    Ok((so_far.in_order, so_far.wrong))
}

/// What came of a log of `behind` messages.
#[derive(Default)]
struct Replayed {
    in_order: usize,
    wrong: Option<u64>,
}

impl Replayed {
    fn add(&mut self, message: Option<u64>, behind: usize) {
        let Some(seq) = message.filter(|_| self.wrong.is_none()) else { return };
        if self.in_order < behind && seq == self.in_order as u64 + 1 {
            self.in_order += 1;
        } else {
            self.wrong = Some(seq);
        }
    }
}

/// A message that comes when all have come.
async fn too_many(peer: &mut Peer) -> Result<Option<u64>, Error> {
    let (end, mut more) = (Instant::now() + QUIET, None);
    while more.is_none()
        && let Ok(received) =
            timeout_at(end, peer.receive(|heard| more = more.or_else(|| heard.message()))).await
    {
        received.map_err(failed)?;
    }
    Ok(more)
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
    /// In microseconds.
    waits: Arc<Mutex<Vec<u64>>>,
    tasks: JoinSet<Result<(), Error>>,
}

impl Live {
    async fn start(server: &Server) -> Result<Self, Error> {
        let (waits, due) = (Arc::<Mutex<Vec<u64>>>::default(), Due::default());
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
                            let waited = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
                            waits.lock().unwrap_or_else(PoisonError::into_inner).push(waited);
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
    fn take(&self) -> Vec<u64> {
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

fn failed(error: PeerError) -> Error {
    Error::Broken(format!("a peer's connection: {error}"))
}

fn late(what: &str) -> Error {
    Error::Late { what: what.to_owned(), seconds: PATIENCE.as_secs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replayed(messages: &[u64], behind: usize) -> (usize, Option<u64>) {
        let mut so_far = Replayed::default();
        messages.iter().for_each(|seq| so_far.add(Some(*seq), behind));
        (so_far.in_order, so_far.wrong)
    }

    #[test]
    fn what_comes_twice_or_out_of_order_is_found_in_the_last_batch_too() {
        assert_eq!(replayed(&[1, 2, 3], 3), (3, None));
        assert_eq!(replayed(&[1, 2, 2, 3], 3), (2, Some(2)));
        assert_eq!(replayed(&[1, 3, 2], 3), (1, Some(3)));
        assert_eq!(replayed(&[1, 2, 3, 3, 2], 3), (3, Some(3)));
        assert_eq!(replayed(&[2, 2, 2], 3), (0, Some(2)));
    }
}
