//! Many peers of one server: connected, then in rooms, then listening, each held to the promise that it gets
//! every entry once and in order.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::Error;
use crate::raw::{Heard, Peer, PeerError};
use crate::server::Server;

/// How long a delivery may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// A peer connects or joins while this many others do.
const AT_ONCE: usize = 16;
/// Frames that may wait to be sent by one peer.
const TO_SEND: usize = 8;

/// Peers that are connected and greeted.
pub(super) struct Crowd {
    peers: Vec<Peer>,
}

/// Peers that take what comes.
pub(super) struct Listening {
    senders: Vec<mpsc::Sender<Vec<String>>>,
    tally: Rc<Tally>,
    _tasks: JoinSet<()>,
}

/// What all peers together have got.
#[derive(Default)]
struct Tally {
    heard: Cell<u64>,
    wanted: Cell<u64>,
    broken: RefCell<Option<String>>,
    reached: Notify,
}

impl Crowd {
    /// Connects peers, each a user of its own.
    pub(super) async fn connect(server: &Server, name: &str, count: usize) -> Result<Self, Error> {
        let addr = server.addr();
        let tokens: Vec<String> =
            (0..count).map(|n| server.token(&format!("{name}-{n}"))).collect::<Result<_, _>>()?;
        let mut peers = Vec::with_capacity(count);
        for tokens in tokens.chunks(AT_ONCE) {
            let entering = tokens.iter().map(|token| enter(addr, token));
            peers.extend(futures_util::future::try_join_all(entering).await?);
        }
        Ok(Self { peers })
    }

    /// Has each peer join a room.
    pub(super) async fn join(mut self, room: impl Fn(usize) -> String) -> Result<Self, Error> {
        let mut first = 0;
        for peers in self.peers.chunks_mut(AT_ONCE) {
            let joining = peers.iter_mut().enumerate().map(|(n, peer)| join(peer, room(first + n)));
            futures_util::future::try_join_all(joining).await?;
            first += AT_ONCE;
        }
        Ok(self)
    }

    /// Gives each peer a task of its own.
    pub(super) fn listen(self) -> Listening {
        let tally = Rc::new(Tally::default());
        let mut tasks = JoinSet::new();
        let start = |peer| {
            let (sender, frames) = mpsc::channel(TO_SEND);
            let tally = Rc::clone(&tally);
            tasks.spawn_local(async move {
                if let Err(error) = listen(peer, frames, &tally).await {
                    tally.fail(format!("a peer lost its connection: {error}"));
                }
            });
            sender
        };
        let senders = self.peers.into_iter().map(start).collect();
        Listening { senders, tally, _tasks: tasks }
    }
}

impl Listening {
    /// Has one peer send a frame.
    pub(super) async fn say(&self, peer: usize, frame: String) -> Result<(), Error> {
        self.say_all(peer, vec![frame]).await
    }

    /// Has one peer send frames in one write.
    pub(super) async fn say_all(&self, peer: usize, frames: Vec<String>) -> Result<(), Error> {
        let gone = || Error::Broken("a peer has gone".to_owned());
        self.senders.get(peer).ok_or_else(gone)?.send(frames).await.map_err(|_| gone())
    }

    /// Waits until so many more deliveries have come.
    pub(super) async fn heard(&self, deliveries: u64) -> Result<(), Error> {
        let tally = &self.tally;
        tally.wanted.set(tally.wanted.get() + deliveries);
        let all = async {
            while tally.heard.get() < tally.wanted.get() && tally.broken.borrow().is_none() {
                tally.reached.notified().await;
            }
        };
        let what = || Error::Late { what: "deliveries".to_owned(), seconds: PATIENCE.as_secs() };
        timeout(PATIENCE, all).await.map_err(|_| what())?;
        match tally.broken.take() {
            Some(broken) => Err(Error::Broken(broken)),
            None if tally.heard.get() > tally.wanted.get() => {
                Err(Error::Broken("more deliveries came than were due".to_owned()))
            }
            None => Ok(()),
        }
    }
}

impl Tally {
    fn count(&self, heard: u64) {
        self.heard.set(self.heard.get() + heard);
        if self.heard.get() >= self.wanted.get() {
            self.reached.notify_one();
        }
    }

    fn fail(&self, why: String) {
        self.broken.borrow_mut().get_or_insert(why);
        self.reached.notify_one();
    }
}

/// Connects and waits for the greeting.
pub(super) async fn enter(addr: SocketAddr, token: &str) -> Result<Peer, PeerError> {
    let mut peer = Peer::connect(addr, token).await?;
    peer.find(|heard| heard.is("SYSTEM", "CONNECTION_ESTABLISHED")).await?;
    Ok(peer)
}

/// Joins a room and waits for the answer.
pub(super) async fn join(peer: &mut Peer, room: String) -> Result<(), Error> {
    peer.send(&format!(r#"{{"type":"JOIN_ROOM","roomId":"{room}"}}"#)).await?;
    let mut refused = None;
    peer.find(|heard| {
        refused = heard.refusal();
        refused.is_some() || heard.is("SYSTEM", "ROOM_PARTICIPANTS")
    })
    .await?;
    refused.map_or(Ok(()), |why| Err(Error::Broken(format!("a join was refused: {why}"))))
}

/// A message of so many bytes; without an `id`, so that there is no answer beside the delivery.
pub(super) fn message(room: &str, bytes: usize) -> String {
    format!(r#"{{"type":"CHAT_MESSAGE","roomId":"{room}","content":"{}"}}"#, "x".repeat(bytes))
}

async fn listen(
    mut peer: Peer,
    mut frames: mpsc::Receiver<Vec<String>>,
    tally: &Tally,
) -> Result<(), PeerError> {
    let mut last = None;
    let mut asked = true;
    loop {
        let mut count = 0;
        let received = peer.receive(|heard| count += entry(&heard, &mut last, tally));
        tokio::select! {
            received = received => received?,
            frame = frames.recv(), if asked => match frame {
                Some(texts) => peer.send_all(&texts).await?,
                None => asked = false,
            },
        }
        if count > 0 {
            tally.count(count);
        }
    }
}

/// Counts an entry, and holds it against the one before.
fn entry(heard: &Heard<'_>, last: &mut Option<u64>, tally: &Tally) -> u64 {
    if let Some(why) = heard.refusal() {
        tally.fail(format!("a frame was refused: {why}"));
    }
    let Some(seq) = heard.message() else { return 0 };
    if last.is_some_and(|last| seq != last + 1) {
        tally.fail(format!("{seq} came after {last:?}"));
    }
    *last = Some(seq);
    1
}
