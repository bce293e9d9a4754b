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
use crate::broker::{Broker, Except, Payload, Publication, Topic};

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

/// What nobody could read from a log, and must come.
fn kept(n: u64) -> Publication {
    let payload = match n % 3 {
        0 => Payload::Evict { room_id: RoomId::new(format!("room{n}")).unwrap(), only: None },
        1 => Payload::NoticeState { json: Utf8Bytes::from(format!("{n}")) },
        _ => signal(&n.to_string(), false).payload,
    };
    Publication { payload, ..fence() }
}

fn signal(frame: &str, droppable: bool) -> Publication {
    let payload = Payload::Signal { frame: Utf8Bytes::from(frame), droppable, except: Except::Nobody };
    Publication { payload, ..fence() }
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

/// From now on `broker` knows how many nodes listen.
async fn count_listeners(broker: &Arc<dyn Broker>, stream: &mut mpsc::Receiver<Publication>) {
    let to_all = Publication { topic: Topic::All, ..signal("all", true) };
    broker.publish(to_all.clone()).await.unwrap();
    until(stream, |p| *p == to_all).await;
    broker.flush().await;
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
async fn what_no_log_holds_comes_in_its_order_when_redis_is_back_and_typing_does_not() {
    let redis = Redis::start().unwrap();
    let (near, far) = (broker(&redis).await, broker(&redis).await);
    let mut own = near.take_stream().unwrap();
    tokio::spawn(async move { while own.recv().await.is_some() {} });
    let mut stream = far.take_stream().unwrap();
    far.subscribe(fence().topic).await.unwrap();
    count_listeners(&near, &mut stream).await;
    redis.kill();
    healthy(&near, false).await;
    for n in 0..600 {
        near.publish(signal("typing", true)).await.unwrap();
        near.publish(kept(n)).await.unwrap();
    }
    redis.start_again().unwrap();
    for n in 0..600 {
        let got = until(&mut stream, |p| p.topic == fence().topic && p.payload != Payload::Recheck).await;
        assert_eq!(got, kept(n));
    }
}

#[tokio::test]
async fn what_is_kept_stays_behind_what_was_published_before_it_also_past_a_full_queue() {
    let redis = Redis::start().unwrap();
    let address = Address::parse(&redis.url()).unwrap();
    let options = RedisOptions { queue: 4, patience: Duration::from_secs(30), ..options() };
    let near: Arc<dyn Broker> = Arc::new(RedisBroker::start(&address, options).await.unwrap());
    let far = broker(&redis).await;
    let mut stream = far.take_stream().unwrap();
    far.subscribe(fence().topic).await.unwrap();
    redis.hang().unwrap();
    // Some may be on their way; of the others four wait, and the rest is past the bound.
    for n in 0..8 {
        near.publish(signal(&format!("t{n}"), true)).await.unwrap();
    }
    for n in 0..30 {
        near.publish(kept(n)).await.unwrap();
    }
    redis.go_on().unwrap();
    let mut heard = Vec::new();
    while heard.last() != Some(&kept(29)) {
        heard.push(until(&mut stream, |p| p.topic == fence().topic).await);
    }
    let first_kept = heard.iter().position(|p| *p == kept(0)).unwrap();
    assert!((4..=8).contains(&first_kept), "{heard:?}");
    assert_eq!(heard[first_kept..], (0..30).map(kept).collect::<Vec<_>>());
    assert_eq!(near.stats().dropped, 8 - first_kept as u64);
}

#[tokio::test]
async fn past_its_bound_the_oldest_that_is_kept_goes_and_everything_is_rechecked() {
    let redis = Redis::start().unwrap();
    let address = Address::parse(&redis.url()).unwrap();
    let far = RedisBroker::start(&address, RedisOptions { arrivals: 10_000, ..options() }).await.unwrap();
    let near = broker(&redis).await;
    let mut own = near.take_stream().unwrap();
    tokio::spawn(async move { while own.recv().await.is_some() {} });
    let mut stream = far.take_stream().unwrap();
    far.subscribe(fence().topic).await.unwrap();
    count_listeners(&near, &mut stream).await;
    redis.kill();
    healthy(&near, false).await;
    for n in 0..6_000 {
        near.publish(kept(n)).await.unwrap();
    }
    assert_eq!(near.stats().dropped, 6_000 - 4_096);
    redis.start_again().unwrap();
    // One is the listener's own, which has missed nothing since.
    for _ in 0..2 {
        until(&mut stream, |p| p.payload == Payload::Recheck && p.topic == Topic::All).await;
    }
    assert_eq!(far.stats().overflowed, 0);
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
