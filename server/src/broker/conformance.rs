//! What every broker keeps to, as one suite that each driver runs: `broker_conformance!(driver, make)`, where
//! `make` gives an empty broker whose way holds at least eight publications.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{RoomId, Timestamp, UserId};
use tokio::sync::mpsc;

use super::{Broker, Except, Payload, Publication, Topic};

/// Nothing takes longer between two ends of a broker.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) fn room(name: &str) -> Topic {
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

/// A wanted topic's publications arrive whole and in the order of publishing.
pub(crate) async fn order(broker: Arc<dyn Broker>) {
    let mut stream = broker.take_stream().unwrap();
    let topics = [room("one"), room("two")];
    for topic in &topics {
        broker.subscribe(topic.clone()).await.unwrap();
    }
    let publishing = async {
        for seq in 1..=50 {
            for topic in &topics {
                broker.publish(entry(topic, seq)).await.unwrap();
            }
        }
    };
    let receiving = async {
        let mut last = [0, 0];
        for _ in 0..100 {
            let got = next(&mut stream, &topics).await;
            let at = usize::from(got.topic == topics[1]);
            last[at] += 1;
            assert_eq!(got, entry(&topics[at], last[at]));
        }
    };
    tokio::join!(publishing, receiving);
}

/// What is for everybody arrives without a subscription.
pub(crate) async fn all(broker: Arc<dyn Broker>) {
    let mut stream = broker.take_stream().unwrap();
    broker.publish(signal(Topic::All)).await.unwrap();
    assert_eq!(next(&mut stream, &[]).await, signal(Topic::All));
}

/// A topic that was given up and is wanted again arrives again.
pub(crate) async fn again(broker: Arc<dyn Broker>) {
    let mut stream = broker.take_stream().unwrap();
    let user = Topic::User(UserId::new("ann").unwrap());
    for _ in 0..3 {
        broker.subscribe(user.clone()).await.unwrap();
        broker.publish(signal(user.clone())).await.unwrap();
        assert_eq!(next(&mut stream, std::slice::from_ref(&user)).await, signal(user.clone()));
        broker.unsubscribe(user.clone()).await.unwrap();
    }
}

/// There is one stream.
pub(crate) async fn one_stream(broker: Arc<dyn Broker>) {
    let stream = broker.take_stream();
    assert!(stream.is_some() && broker.take_stream().is_none());
    broker.check().await.unwrap();
}

/// A way that is full makes publishers wait; nothing is lost by it.
pub(crate) async fn full(broker: Arc<dyn Broker>) {
    let mut stream = broker.take_stream().unwrap();
    let topic = room("busy");
    broker.subscribe(topic.clone()).await.unwrap();
    let publishing = tokio::spawn({
        let (broker, topic) = (Arc::clone(&broker), topic.clone());
        async move {
            for seq in 1..=2_000 {
                broker.publish(entry(&topic, seq)).await.unwrap();
            }
        }
    });
    for seq in 1..=2_000 {
        assert_eq!(next(&mut stream, std::slice::from_ref(&topic)).await, entry(&topic, seq));
    }
    publishing.await.unwrap();
}

/// Runs the suite on a driver.
macro_rules! broker_conformance {
    ($driver:ident, $make:expr) => {
        mod $driver {
            use std::sync::Arc;

            use crate::broker::{Broker, conformance};

            fn broker() -> Arc<dyn Broker> {
                Arc::new($make)
            }

            #[tokio::test]
            async fn a_wanted_topic_arrives_whole_and_in_order() {
                conformance::order(broker()).await;
            }

            #[tokio::test]
            async fn what_is_for_everybody_arrives_without_a_subscription() {
                conformance::all(broker()).await;
            }

            #[tokio::test]
            async fn a_topic_that_was_given_up_arrives_again_when_it_is_wanted_again() {
                conformance::again(broker()).await;
            }

            #[tokio::test]
            async fn there_is_one_stream() {
                conformance::one_stream(broker()).await;
            }

            #[tokio::test]
            async fn a_way_that_is_full_makes_publishers_wait_and_loses_nothing() {
                conformance::full(broker()).await;
            }
        }
    };
}

broker_conformance!(local, crate::broker::local::LocalBroker::new(8));
