//! What every broker keeps to, as one suite that each driver runs: `broker_conformance!(driver, make)`, where `make`
//! gives a [`Bench`]: two nodes, which for a broker of one node are the same, and what must outlive them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{ClientSession, RoomId, SessionId, Timestamp, UserId};
use tokio::sync::mpsc;

use super::{Broker, Except, Payload, Publication, Topic};

/// Nothing takes longer between two ends of a broker.
const PATIENCE: Duration = Duration::from_secs(5);

fn room(name: &str) -> Topic {
    Topic::Room(RoomId::new(name).unwrap())
}

fn entry(topic: &Topic, seq: u64) -> Publication {
    let payload = Payload::Entry { seq, frame: Utf8Bytes::from(format!("frame {seq}")) };
    Publication { topic: topic.clone(), payload, at: Timestamp::from_millis(1) }
}

fn signal(topic: Topic) -> Publication {
    let frame = Utf8Bytes::from_static("signal");
    let payload = Payload::Signal { frame, droppable: true, except: Except::Nobody };
    Publication { topic, payload, at: Timestamp::from_millis(1) }
}

async fn next(stream: &mut mpsc::Receiver<Publication>, wanted: &[Topic]) -> Publication {
    loop {
        let publication = tokio::time::timeout(PATIENCE, stream.recv()).await.unwrap().unwrap();
        // A broker may carry more than is wanted.
        if publication.topic == Topic::All || wanted.contains(&publication.topic) {
            return publication;
        }
    }
}

/// Two nodes over an empty broker.
pub(crate) struct Bench {
    /// Publishes.
    pub(crate) near: Arc<dyn Broker>,
    /// Listens.
    pub(crate) far: Arc<dyn Broker>,
    /// What must outlive them.
    pub(crate) _under: Option<Box<dyn std::any::Any + Send>>,
}

/// What is published to a topic in place `n`: every kind in turn.
fn nth(topic: &Topic, n: u64) -> Publication {
    let (frame, room_id) = (Utf8Bytes::from(format!("frame {n}")), RoomId::new("secret").unwrap());
    let client_session = ClientSession::new("tab").unwrap();
    let payload = match n % 6 {
        0 => Payload::Evict { room_id, only: None },
        1 => Payload::Signal { frame, droppable: false, except: Except::Nobody },
        2 => Payload::Fence { client_session, keep: SessionId::new(format!("s{n}")).unwrap() },
        3 => Payload::NoticeState { json: frame },
        4 => Payload::Signal { frame, droppable: true, except: Except::Nobody },
        _ => return entry(topic, n),
    };
    Publication { topic: topic.clone(), payload, at: Timestamp::from_millis(1) }
}

/// A wanted topic's publications, of whatever kind, arrive whole and in the order of publishing.
pub(crate) async fn order(bench: Bench) {
    let mut stream = bench.far.take_stream().unwrap();
    let topics = [room("one"), Topic::User(UserId::new("ann").unwrap())];
    for topic in &topics {
        bench.far.subscribe(topic.clone()).await.unwrap();
    }
    let publishing = async {
        for n in 1..=60 {
            for topic in &topics {
                bench.near.publish(nth(topic, n)).await.unwrap();
            }
        }
    };
    let receiving = async {
        let mut last = [0, 0];
        for _ in 0..120 {
            let got = next(&mut stream, &topics).await;
            let at = usize::from(got.topic == topics[1]);
            last[at] += 1;
            assert_eq!(got, nth(&topics[at], last[at]));
        }
    };
    tokio::join!(publishing, receiving);
}

/// What is for everybody arrives without a subscription.
pub(crate) async fn all(bench: Bench) {
    let mut stream = bench.far.take_stream().unwrap();
    bench.near.publish(signal(Topic::All)).await.unwrap();
    assert_eq!(next(&mut stream, &[]).await, signal(Topic::All));
}

/// A topic that was given up and is wanted again arrives again.
pub(crate) async fn again(bench: Bench) {
    let mut stream = bench.far.take_stream().unwrap();
    let user = Topic::User(UserId::new("ann").unwrap());
    for _ in 0..3 {
        bench.far.subscribe(user.clone()).await.unwrap();
        bench.far.subscribe(user.clone()).await.unwrap();
        bench.near.publish(signal(user.clone())).await.unwrap();
        assert_eq!(next(&mut stream, std::slice::from_ref(&user)).await, signal(user.clone()));
        bench.far.unsubscribe(user.clone()).await.unwrap();
    }
}

/// A node hears what it publishes itself, once, whether it wants the topic or not.
pub(crate) async fn own(bench: Bench) {
    let mut stream = bench.near.take_stream().unwrap();
    let topic = room("own");
    bench.near.subscribe(topic.clone()).await.unwrap();
    for seq in 1..=20 {
        bench.near.publish(entry(&topic, seq)).await.unwrap();
        assert_eq!(next(&mut stream, std::slice::from_ref(&topic)).await, entry(&topic, seq));
    }
    bench.near.publish_here(signal(topic.clone())).await.unwrap();
    assert_eq!(next(&mut stream, std::slice::from_ref(&topic)).await, signal(topic));
}

/// There is one stream.
pub(crate) async fn one_stream(bench: Bench) {
    let stream = bench.near.take_stream();
    assert!(stream.is_some() && bench.near.take_stream().is_none());
    bench.near.check().await.unwrap();
}

/// A way that is full loses nothing without a word: the rest arrives in order, or a recheck does.
pub(crate) async fn full(bench: Bench) {
    let mut stream = bench.far.take_stream().unwrap();
    let topic = room("busy");
    bench.far.subscribe(topic.clone()).await.unwrap();
    // Where both are one node, its way is the one that is to be full.
    let mut own = bench.near.take_stream();
    let publishing = tokio::spawn({
        let (broker, topic) = (Arc::clone(&bench.near), topic.clone());
        async move {
            for seq in 1..=2_000 {
                broker.publish(entry(&topic, seq)).await.unwrap();
            }
        }
    });
    let draining = tokio::spawn(async move {
        if let Some(own) = &mut own {
            while own.recv().await.is_some() {}
        }
    });
    let mut last = 0;
    while last < 2_000 {
        let got = next(&mut stream, std::slice::from_ref(&topic)).await;
        let Payload::Entry { seq, .. } = got.payload else {
            assert_eq!(got.payload, Payload::Recheck);
            break;
        };
        assert!(seq > last);
        last = seq;
    }
    publishing.await.unwrap();
    draining.abort();
}

/// Runs the suite on a driver.
macro_rules! broker_conformance {
    ($driver:ident, $make:expr) => {
        mod $driver {
            use crate::broker::conformance;

            #[tokio::test]
            async fn a_wanted_topic_arrives_whole_and_in_order() {
                conformance::order($make.await).await;
            }

            #[tokio::test]
            async fn what_is_for_everybody_arrives_without_a_subscription() {
                conformance::all($make.await).await;
            }

            #[tokio::test]
            async fn a_topic_that_was_given_up_arrives_again_when_it_is_wanted_again() {
                conformance::again($make.await).await;
            }

            #[tokio::test]
            async fn a_node_hears_itself_once() {
                conformance::own($make.await).await;
            }

            #[tokio::test]
            async fn there_is_one_stream() {
                conformance::one_stream($make.await).await;
            }

            #[tokio::test]
            async fn a_way_that_is_full_loses_nothing_without_a_word() {
                conformance::full($make.await).await;
            }
        }
    };
}

pub(crate) use broker_conformance;

async fn one_node() -> Bench {
    let broker: Arc<dyn Broker> = Arc::new(super::local::LocalBroker::new(8));
    Bench { near: Arc::clone(&broker), far: broker, _under: None }
}

broker_conformance!(local, super::one_node());
