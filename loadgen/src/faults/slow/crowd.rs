//! Rooms that are written to at an even pace, and peers that read them and take the time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::error::Error;
use crate::raw::Peer;
use crate::server::Server;

/// Between two messages of a room.
const PACE: Duration = Duration::from_millis(50);
/// How often a reader to whom nothing comes looks whether it has all.
const LOOK: Duration = Duration::from_millis(200);
/// How long the last deliveries may take.
const LAST: Duration = Duration::from_secs(60);

/// The rooms and those who read on.
#[derive(Debug)]
pub(super) struct Crowd {
    shared: Arc<Shared>,
    writers: JoinSet<Result<(), Error>>,
    readers: JoinSet<()>,
    rooms: usize,
}

#[derive(Debug)]
struct Shared {
    /// When each message of each room was sent: a room has one writer, so the first is at position 1.
    sent: Vec<Mutex<Vec<Instant>>>,
    /// The last position of each room.
    heads: Vec<AtomicU64>,
    delays: Mutex<Vec<u64>>,
    broken: Mutex<Vec<String>>,
    stop: AtomicBool,
    /// The heads are final.
    written: AtomicBool,
}

impl Crowd {
    /// Everybody joins, and the writers begin with messages of so many bytes.
    pub(super) async fn start(
        server: &Server,
        rooms: usize,
        readers: usize,
        bytes: usize,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            sent: (0..rooms).map(|_| Mutex::default()).collect(),
            heads: (0..rooms).map(|_| AtomicU64::new(0)).collect(),
            delays: Mutex::default(),
            broken: Mutex::default(),
            stop: AtomicBool::new(false),
            written: AtomicBool::new(false),
        });
        let (mut reading, mut writers) = (JoinSet::new(), JoinSet::new());
        for n in 0..readers {
            let room = n % rooms;
            let mut peer = Peer::connect(server.addr(), &server.token(&format!("reader-{n}"))?).await?;
            join(&mut peer, room).await?;
            reading.spawn(read(peer, room, Arc::clone(&shared)));
        }
        for room in 0..rooms {
            let mut peer = Peer::connect(server.addr(), &server.token(&format!("writer-{room}"))?).await?;
            join(&mut peer, room).await?;
            writers.spawn(write(peer, room, bytes, Arc::clone(&shared)));
        }
        Ok(Self { shared, writers, readers: reading, rooms })
    }

    /// The delays since this was last asked, in microseconds.
    pub(super) fn delays(&self) -> Vec<u64> {
        std::mem::take(&mut *lock(&self.shared.delays))
    }

    /// A peer that has joined a room and reads no more, and the room's position then.
    pub(super) async fn stalled(&self, server: &Server, n: usize) -> Result<(Peer, usize, u64), Error> {
        let room = n % self.rooms;
        let mut peer = Peer::connect_small(server.addr(), &server.token(&format!("stalled-{n}"))?).await?;
        let at = self.shared.head(room);
        peer.send(&join_frame(room, Some(at))).await?;
        Ok((peer, room, at))
    }

    /// The last position of a room.
    pub(super) fn head(&self, room: usize) -> u64 {
        self.shared.head(room)
    }

    /// Ends the writing, waits until all has been read. Returns the rooms' heads and what was broken.
    pub(super) async fn stop(mut self) -> Result<(Vec<u64>, Vec<String>), Error> {
        self.shared.stop.store(true, Ordering::Release);
        while let Some(ended) = self.writers.join_next().await {
            ended.map_err(|e| Error::Broken(e.to_string()))??;
        }
        self.shared.written.store(true, Ordering::Release);
        // Each reader ends at its room's head; who does not has missed something.
        let all = async { while self.readers.join_next().await.is_some() {} };
        if timeout(LAST, all).await.is_err() {
            self.shared.broken(format!("{} readers have not come to the head", self.readers.len()));
        }
        let heads = (0..self.rooms).map(|room| self.shared.head(room)).collect();
        Ok((heads, lock(&self.shared.broken).clone()))
    }
}

impl Shared {
    fn head(&self, room: usize) -> u64 {
        self.heads.get(room).map_or(0, |head| head.load(Ordering::Acquire))
    }

    fn broken(&self, text: String) {
        lock(&self.broken).push(text);
    }

    /// Notes a delivery; it must be the one that follows.
    fn delivered(&self, room: usize, seq: u64, last: u64) {
        if seq != last + 1 {
            self.broken(format!("room {room}: {seq} follows {last}"));
        }
        let at = usize::try_from(seq).unwrap_or_default().wrapping_sub(1);
        let sent = self.sent.get(room).and_then(|sent| lock(sent).get(at).copied());
        if let Some(sent) = sent {
            lock(&self.delays).push(u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
    }
}

async fn read(mut peer: Peer, room: usize, shared: Arc<Shared>) {
    let mut last = 0;
    while !(shared.written.load(Ordering::Acquire) && last >= shared.head(room)) {
        let receiving = peer.receive(|heard| {
            if let Some(seq) = heard.message() {
                shared.delivered(room, seq, last);
                last = seq;
            }
        });
        match timeout(LOOK, receiving).await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(error)) => {
                return shared
                    .broken(format!("room {room}: a reader that reads lost its connection: {error}"));
            }
        }
    }
}

/// Writes at an even pace, and counts what has come back to itself: that is the room's head.
async fn write(mut peer: Peer, room: usize, bytes: usize, shared: Arc<Shared>) -> Result<(), Error> {
    let content = "x".repeat(bytes);
    let (mut tick, mut sent, mut heard) = (interval(PACE), 0_u64, 0_u64);
    while !shared.stop.load(Ordering::Acquire) || heard < sent {
        tokio::select! {
            _ = tick.tick(), if !shared.stop.load(Ordering::Acquire) => {
                sent += 1;
                if let Some(times) = shared.sent.get(room) {
                    lock(times).push(Instant::now());
                }
                let frame = json!({"type": "CHAT_MESSAGE", "roomId": name(room), "content": content});
                peer.send(&frame.to_string()).await?;
            }
            received = peer.receive(|frame| heard = frame.message().unwrap_or(heard)) => received?,
        }
        if let Some(head) = shared.heads.get(room) {
            head.store(heard, Ordering::Release);
        }
    }
    Ok(())
}

/// Reads a room from a position to its head; each message must come once and in order.
pub(super) async fn resume(server: &Server, room: usize, after: u64, head: u64) -> Result<(), Error> {
    let mut peer = Peer::connect(server.addr(), &server.token(&format!("back-{room}-{after}"))?).await?;
    peer.send(&join_frame(room, Some(after))).await?;
    let mut last = after;
    let reading = async {
        while last < head {
            let mut wrong = None;
            peer.receive(|heard| {
                if let Some(seq) = heard.message() {
                    if seq != last + 1 {
                        wrong = Some(Error::Broken(format!("{seq} follows {last}")));
                    }
                    last = seq;
                }
            })
            .await?;
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        Ok(())
    };
    let late = |_| Error::Late { what: format!("message {head} of room {room}"), seconds: LAST.as_secs() };
    timeout(LAST, reading).await.map_err(late)?
}

async fn join(peer: &mut Peer, room: usize) -> Result<(), Error> {
    peer.send(&join_frame(room, None)).await?;
    Ok(peer.find(|heard| heard.is("SYSTEM", "ROOM_PARTICIPANTS")).await?)
}

fn join_frame(room: usize, after: Option<u64>) -> String {
    let mut frame = json!({"type": "JOIN_ROOM", "roomId": name(room)});
    if let (Some(after), Some(fields)) = (after, frame.as_object_mut()) {
        fields.insert("afterSeq".to_owned(), after.into());
    }
    frame.to_string()
}

fn name(room: usize) -> String {
    format!("room-{room}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
