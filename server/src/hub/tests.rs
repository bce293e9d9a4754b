//! What a hand-over of several entries makes of what was handed over before, and what it counts.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use tidings_protocol::{RoomId, SessionId, UserId};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::lend::{Lend as _, Stream};
use crate::outbox::{Item, LivePosition, Parked};

fn room() -> RoomId {
    RoomId::new("general").unwrap()
}

fn subscriber(hub: &Hub, name: &str) -> Arc<Outbox> {
    let outbox = Outbox::new(SessionId::new(name).unwrap(), UserId::new(name).unwrap(), 1 << 20);
    let outbox = Arc::new(outbox);
    hub.subscribe(&room(), &outbox, 1);
    outbox
}

fn frames(from: u64, to: u64) -> Vec<Utf8Bytes> {
    let frame = |n| Utf8Bytes::from(format!("{{\"category\":\"CHAT\",\"type\":\"MESSAGE\",\"data\":{n}}}"));
    (from..=to).map(frame).collect()
}

fn waiting(outbox: &Outbox) -> Vec<u64> {
    let mut items = std::collections::VecDeque::new();
    outbox.take(usize::MAX, &mut items);
    let seq = |item: &Item| if let Item::Entry { seq, .. } = item { Some(*seq) } else { None };
    items.iter().filter_map(seq).collect()
}

async fn park(outbox: &Outbox, last: u64) -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let mut near = Stream::from(listener.accept().await.unwrap().0);
    let places = vec![LivePosition { slot: 1, last }];
    outbox.park(Parked { writer: near.lend().unwrap(), places, begun: None });
    (near, far)
}

#[test]
fn entries_that_were_handed_over_before_are_left_out_of_a_run() {
    let hub = Hub::default();
    let ann = subscriber(&hub, "ann");
    hub.deliver_entries(&room(), 3, frames(3, 4), &mut AtOnce::default());
    hub.deliver_entries(&room(), 3, frames(3, 6), &mut AtOnce::default());
    hub.deliver_entries(&room(), 2, frames(2, 5), &mut AtOnce::default());
    assert_eq!(waiting(&ann), [3, 4, 5, 6]);
    assert_eq!(hub.missing_before(&room(), 8), Some(6));
}

#[tokio::test]
async fn who_sleeps_is_written_to_and_counted_and_who_is_awake_is_queued_for() {
    let hub = Hub::default();
    let (ann, bob) = (subscriber(&hub, "ann"), subscriber(&hub, "bob"));
    let _connection = park(&ann, 0).await;
    let mut at_once = AtOnce::up_to(2);
    hub.deliver_entries(&room(), 1, frames(1, 3), &mut at_once);
    assert_eq!(at_once.written(), [("CHAT_MESSAGE", 3)]);
    assert_eq!((waiting(&ann), waiting(&bob)), (vec![], vec![1, 2, 3]));
}

#[tokio::test]
async fn a_room_with_more_sessions_than_may_be_written_to_has_them_woken() {
    let hub = Hub::default();
    let (ann, bob) = (subscriber(&hub, "ann"), subscriber(&hub, "bob"));
    let _connection = park(&ann, 0).await;
    let mut at_once = AtOnce::up_to(3);
    hub.deliver_entries(&room(), 1, frames(1, 1), &mut at_once);
    hub.deliver_entries(&room(), 2, frames(2, 2), &mut at_once);
    assert_eq!(at_once.written(), [("CHAT_MESSAGE", 1)]);
    assert_eq!((waiting(&ann), waiting(&bob)), (vec![2], vec![1, 2]));
}
