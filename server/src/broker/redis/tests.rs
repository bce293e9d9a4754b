//! The suite on a real Redis, and what happens when it goes away.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{ClientSession, RoomId, SessionId, Timestamp, UserId};
use tidings_testbed::redis::Redis;
use tokio::sync::mpsc;

use super::once::Once;
use super::{Address, RedisBroker, RedisOptions};
use crate::broker::conformance::{Bench, broker_conformance};
use crate::broker::{Broker, Payload, Publication, Topic};

const PATIENCE: Duration = Duration::from_secs(10);

fn options() -> RedisOptions {
    RedisOptions { arrivals: 1_000, patience: Duration::from_secs(1), ..RedisOptions::new("test:") }
}

async fn broker(redis: &Redis) -> Arc<dyn Broker> {
    let address = Address::parse(&redis.url()).unwrap();
    Arc::new(RedisBroker::start(&address, options()).await.unwrap())
}

async fn two_nodes() -> Bench {
    let redis = Redis::start().unwrap();
    Bench { near: broker(&redis).await, far: broker(&redis).await, _under: Some(Box::new(redis)) }
}

broker_conformance!(two_nodes, super::two_nodes());

fn room() -> Topic {
    Topic::Room(RoomId::new("general").unwrap())
}

fn entry(seq: u64) -> Publication {
    let payload = Payload::Entry { seq, frame: Utf8Bytes::from_static("{}") };
    Publication { topic: room(), payload, at: Timestamp::from_millis(1) }
}

fn fence() -> Publication {
    let payload = Payload::Fence {
        client_session: ClientSession::new("c").unwrap(),
        keep: SessionId::new("s").unwrap(),
    };
    Publication { topic: Topic::User(UserId::new("ann").unwrap()), payload, at: Timestamp::from_millis(1) }
}

async fn until(
    stream: &mut mpsc::Receiver<Publication>,
    wanted: impl Fn(&Publication) -> bool,
) -> Publication {
    let waiting = async {
        loop {
            let publication = stream.recv().await.unwrap();
            if wanted(&publication) {
                return publication;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap()
}

async fn healthy(broker: &Arc<dyn Broker>, expected: bool) {
    let waiting = async {
        while broker.check().await.is_ok() != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test]
async fn while_redis_is_away_a_node_hears_itself_and_the_others_are_told_to_recheck_when_it_is_back() {
    let redis = Redis::start().unwrap();
    let (near, far) = (broker(&redis).await, broker(&redis).await);
    let (mut own, mut stream) = (near.take_stream().unwrap(), far.take_stream().unwrap());
    far.subscribe(room()).await.unwrap();
    redis.kill();
    healthy(&near, false).await;
    healthy(&far, false).await;
    near.publish(entry(1)).await.unwrap();
    assert_eq!(own.recv().await, Some(entry(1)));
    assert!(far.subscribe(fence().topic).await.is_err());
    near.publish(fence()).await.unwrap();
    redis.start_again().unwrap();
    // What cannot be read from a log comes late, the rest is to be read from its log.
    until(&mut stream, |p| p.payload == Payload::Recheck && p.topic == Topic::All).await;
    healthy(&near, true).await;
    near.publish(entry(2)).await.unwrap();
    until(&mut stream, |p| *p == entry(2)).await;
    assert!(near.stats().dropped >= 1 && far.stats().disconnects >= 1 && far.stats().resubscribed >= 2);
}

#[tokio::test]
async fn a_listener_that_stayed_connected_is_told_what_a_publisher_could_not_send() {
    let redis = Redis::start().unwrap();
    let (near, far) = (broker(&redis).await, broker(&redis).await);
    let mut stream = far.take_stream().unwrap();
    far.subscribe(room()).await.unwrap();
    far.subscribe(fence().topic).await.unwrap();
    // The listener's own connection stands.
    redis.say(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    near.publish(entry(1)).await.unwrap();
    near.publish(fence()).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < 2 {
        let publication = until(&mut stream, |p| p.topic != Topic::All).await;
        heard.push(publication);
    }
    assert!(heard.contains(&fence()), "{heard:?}");
    let of_room = heard.iter().find(|p| p.topic == room()).unwrap();
    assert!(of_room.payload == Payload::Recheck || *of_room == entry(1), "{heard:?}");
}

#[tokio::test]
async fn a_redis_that_hangs_is_noticed_and_found_again() {
    let redis = Redis::start().unwrap();
    let broker = broker(&redis).await;
    let mut stream = broker.take_stream().unwrap();
    redis.hang().unwrap();
    healthy(&broker, false).await;
    redis.go_on().unwrap();
    healthy(&broker, true).await;
    until(&mut stream, |p| p.payload == Payload::Recheck).await;
}

#[tokio::test]
async fn a_listener_that_redis_threw_out_for_being_slow_comes_back_and_rechecks() {
    let redis = Redis::start().unwrap();
    let (near, far) = (broker(&redis).await, broker(&redis).await);
    let mut stream = far.take_stream().unwrap();
    far.subscribe(room()).await.unwrap();
    redis.say(&["CLIENT", "KILL", "TYPE", "pubsub"]).unwrap();
    until(&mut stream, |p| p.payload == Payload::Recheck).await;
    healthy(&near, true).await;
    near.publish(entry(7)).await.unwrap();
    until(&mut stream, |p| *p == entry(7)).await;
}

#[tokio::test]
async fn a_node_starts_without_redis_and_finds_it_later() {
    let redis = Redis::start().unwrap();
    redis.kill();
    let broker = broker(&redis).await;
    assert!(broker.check().await.is_err());
    redis.start_again().unwrap();
    healthy(&broker, true).await;
}

#[tokio::test]
async fn what_may_happen_once_happens_once_on_all_nodes_and_is_unknown_without_redis() {
    let redis = Redis::start().unwrap();
    let node = || Once::new(Address::parse(&redis.url()).unwrap(), "test:".to_owned());
    let (one, two) = (node(), node());
    let lasts = Duration::from_secs(30);
    assert_eq!(one.first("a", lasts).await, Ok(true));
    assert_eq!(two.first("a", lasts).await, Ok(false));
    assert_eq!(two.first("b", lasts).await, Ok(true));
    redis.kill();
    assert!(one.first("c", lasts).await.is_err());
    redis.start_again().unwrap();
    assert_eq!(one.first("c", lasts).await, Ok(true));
}
