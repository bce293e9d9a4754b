//! What a fan-out makes up for, over a real log and a hub with one session.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{Epoch, MessageId, RoomId, SessionId, Timestamp, UserId};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::held::PAGE;
use super::{Parts, run};
use crate::broker::{Payload, Publication, Topic};
use crate::clock::Clock;
use crate::hub::{Hub, Registration};
use crate::metrics::{Metrics, Transport};
use crate::outbox::{Item, Outbox};
use crate::revocation::Revocations;
use crate::store::memory::Memory;
use crate::store::{Append, Change, Store, Target, Write};

/// A node's fan-out, with a log that other nodes write.
struct Bench {
    broker: mpsc::Sender<Publication>,
    store: Arc<Memory>,
    outbox: Arc<Outbox>,
}

impl Bench {
    /// Ann has a session on the node, in a room that she is a member of.
    async fn start(kind: RoomKind) -> Self {
        let (hub, store) = (Arc::new(Hub::default()), Arc::new(Memory::new(Epoch::new("first").unwrap())));
        let outbox = Arc::new(Outbox::new(SessionId::new("s").unwrap(), ann(), 1 << 20));
        hub.register(Registration {
            outbox: Arc::clone(&outbox),
            client_session: None,
            inbox: true,
            notices: false,
            transport: Transport::WebSocket,
            since: Timestamp::default(),
        });
        hub.subscribe(&room(), &outbox, 1);
        let (broker, stream) = mpsc::channel(64);
        let (gossip, _) = mpsc::channel(1);
        let parts = Parts {
            hub,
            store: Arc::clone(&store) as Arc<dyn Store>,
            clock: Clock::system(),
            revocations: Arc::new(Revocations::default()),
            metrics: Arc::new(Metrics::default()),
            gossip,
            recheck_every: None,
        };
        tokio::spawn(run(stream, parts));
        let room = Write::CreateRoom {
            room_id: room(),
            name: None,
            kind,
            owner: UserId::new("owner").unwrap(),
            members: vec![ann()],
            at: Timestamp::default(),
        };
        store.commit(vec![room]).await.unwrap()[0].as_ref().unwrap();
        Self { broker, store, outbox }
    }

    /// Another node writes, and is not heard.
    async fn write(&self, entries: u64) {
        let append = |n: u64| {
            Write::Append(Append {
                target: Target::Room(room()),
                sender: ann(),
                sender_name: None,
                client_id: None,
                new_id: MessageId::new(format!("m{n}")).unwrap(),
                change: Change::Message { content: "hi".into(), reply_to: None },
                at: Timestamp::default(),
            })
        };
        for written in self.store.commit((0..entries).map(append).collect()).await.unwrap() {
            written.unwrap();
        }
    }

    async fn hears(&self, payload: Payload) {
        self.broker
            .send(Publication { topic: Topic::Room(room()), payload, at: Timestamp::default() })
            .await
            .unwrap();
    }

    async fn hears_entry(&self, seq: u64) {
        self.hears(Payload::Entry { seq, frame: Utf8Bytes::from_static("{}") }).await;
    }

    /// What the session was handed, after everything that was to happen has.
    async fn handed(&self) -> VecDeque<Item> {
        sleep(Duration::from_secs(5)).await;
        let mut items = VecDeque::new();
        self.outbox.take(usize::MAX, &mut items);
        items
    }

    /// How far it was handed the log.
    async fn handed_upto(&self) -> u64 {
        let items = self.handed().await;
        let seqs = items
            .iter()
            .filter_map(|item| if let Item::Entry { seq, .. } = item { Some(*seq) } else { None });
        let seqs: Vec<u64> = seqs.collect();
        assert!(seqs.windows(2).all(|two| two[0] + 1 == two[1]), "{seqs:?}");
        seqs.last().copied().unwrap_or_default()
    }
}

fn room() -> RoomId {
    RoomId::new("general").unwrap()
}

fn ann() -> UserId {
    UserId::new("ann").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_held_already_is_read_as_far_as_a_recheck_says() {
    let bench = Bench::start(RoomKind::Public).await;
    let all = u64::from(PAGE) + 50;
    bench.write(all).await;
    bench.hears_entry(1).await;
    // The log is asked while an entry is held, whose page does not reach as far as the log does.
    bench.hears(Payload::Recheck).await;
    sleep(Duration::from_millis(10)).await;
    bench.hears_entry(3).await;
    assert_eq!(bench.handed_upto().await, all);
}

#[tokio::test(start_paused = true)]
async fn who_was_put_out_of_a_private_room_unheard_is_put_out_by_a_recheck() {
    let bench = Bench::start(RoomKind::Private).await;
    bench.hears(Payload::Recheck).await;
    assert_eq!(bench.handed().await, [], "a member stays");
    let out = Write::RemoveMember { room_id: room(), user_id: ann(), stays_out: true };
    bench.store.commit(vec![out]).await.unwrap()[0].as_ref().unwrap();
    bench.hears(Payload::Recheck).await;
    let handed = bench.handed().await;
    assert_eq!(handed[0], Item::Evict { room_id: room(), asked: false });
    let Item::Signal { frame, droppable: false } = &handed[1] else { panic!("{handed:?}") };
    assert!(frame.contains("MEMBERSHIP") && frame.contains(r#""member":false"#), "{frame}");
    assert_eq!(handed.len(), 2);
}
