use axum::extract::ws::Utf8Bytes;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::lend::{Lend as _, Stream};
use crate::wire;

fn outbox(limit: usize) -> Outbox {
    Outbox::new(SessionId::new("s").unwrap(), UserId::new("u").unwrap(), limit)
}

fn entry(seq: u64) -> Item {
    Item::Entry { slot: 1, seq, frame: Utf8Bytes::from("x".repeat(36)) }
}

fn typing() -> Item {
    Item::Signal { frame: Utf8Bytes::from("t".repeat(36)), droppable: true }
}

fn take_all(outbox: &Outbox) -> (Vec<Item>, u64) {
    let mut items = VecDeque::new();
    let dropped = outbox.take(usize::MAX, &mut items);
    (items.into(), dropped)
}

#[test]
fn droppable_items_go_first_and_are_counted() {
    let outbox = outbox(300);
    for item in [typing(), entry(1), typing(), entry(2)] {
        outbox.push(item);
    }
    assert!(!outbox.is_closed());
    assert_eq!(take_all(&outbox), (vec![entry(1), entry(2)], 2));
    assert_eq!(outbox.waiting_bytes(), 0);
}

#[test]
fn a_session_that_is_still_over_the_limit_is_closed_as_too_slow() {
    let outbox = outbox(250);
    for seq in 1..=3 {
        outbox.push(entry(seq));
    }
    assert_eq!(outbox.close_code(), Some(CloseCode::TooSlow));
    assert_eq!(take_all(&outbox).0, vec![]);
}

#[test]
fn live_entries_of_a_log_that_is_being_read_do_not_wait() {
    let outbox = outbox(1000);
    outbox.set_catching_up(1, true);
    outbox.push(entry(1));
    outbox.set_catching_up(1, false);
    outbox.push(entry(2));
    assert_eq!(take_all(&outbox).0, vec![entry(2)]);
}

#[test]
fn a_take_is_bounded_and_keeps_the_order() {
    let outbox = outbox(10_000);
    for seq in 1..=5 {
        outbox.push(entry(seq));
    }
    let mut items = VecDeque::new();
    outbox.take(150, &mut items);
    assert_eq!(Vec::from(items), vec![entry(1), entry(2)]);
    assert_eq!(take_all(&outbox).0, vec![entry(3), entry(4), entry(5)]);
}

/// A sleeping session's socket, and its peer.
async fn connection() -> (Stream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let far = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0.into(), far)
}

/// A session that sleeps at the entry `last` of the room in slot 1.
fn park(outbox: &Outbox, near: &mut Stream, last: u64) {
    let places = vec![LivePosition { slot: 1, last }];
    outbox.park(Parked { writer: near.lend().unwrap(), places, begun: None });
}

fn run(first: u64, texts: &[&str]) -> Run {
    Run::entries(first, texts.iter().map(|text| Utf8Bytes::from((*text).to_owned())).collect(), true)
}

fn seqs(items: &[Item]) -> Vec<u64> {
    let seq = |item: &Item| if let Item::Entry { seq, .. } = item { Some(*seq) } else { None };
    items.iter().filter_map(seq).collect()
}

#[tokio::test]
async fn a_session_that_sleeps_is_written_to_and_its_position_moves() {
    let (mut near, mut far) = connection().await;
    let outbox = outbox(10_000);
    park(&outbox, &mut near, 4);
    assert_eq!(outbox.hand(1, &run(5, &["five", "six"])), 2);
    assert_eq!(outbox.hand(1, &run(7, &["seven"])), 1);
    assert!(!outbox.has_items());
    let parked = outbox.unpark().unwrap();
    assert_eq!(parked.places, [LivePosition { slot: 1, last: 7 }]);
    let mut heard = vec![0; wire::whole(&["five", "six", "seven"]).len()];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, wire::whole(&["five", "six", "seven"]));
}

#[tokio::test]
async fn what_is_not_the_sleeping_sessions_next_entry_waits_for_it_to_wake() {
    let (mut near, _far) = connection().await;
    let outbox = outbox(10_000);
    park(&outbox, &mut near, 4);
    assert_eq!(outbox.hand(2, &run(5, &["of a room that is not live"])), 0);
    assert_eq!(outbox.hand(1, &run(5, &["behind something that waits"])), 0);
    assert_eq!(seqs(&take_all(&outbox).0), [5, 5]);
    assert_eq!(outbox.hand(1, &run(6, &["behind a hole"])), 0);
    assert_eq!(seqs(&take_all(&outbox).0), [6]);
    assert_eq!(outbox.hand(1, &run(4, &["sent before"])), 0);
    assert_eq!(seqs(&take_all(&outbox).0), [4]);
    outbox.close(CloseCode::Replaced);
    assert_eq!(outbox.hand(1, &run(5, &["after the end"])), 0);
    assert!(take_all(&outbox).0.is_empty());
}

#[tokio::test]
async fn a_socket_that_takes_a_part_leaves_the_rest_to_the_session_in_order() {
    let (mut near, mut far) = connection().await;
    let outbox = outbox(usize::MAX);
    let texts: Vec<String> = (1..=40).map(|n: u64| format!("{n:05}").repeat(40_000)).collect();
    let mut next = 1;
    park(&outbox, &mut near, 0);
    let parked = loop {
        let text = &texts[usize::try_from(next - 1).unwrap()];
        let written = outbox.hand(1, &run(next, &[text])) as u64;
        next += 1;
        if written == 0 {
            break outbox.unpark().unwrap();
        }
    };
    assert_eq!(outbox.hand(1, &run(next, &["behind it"])), 0, "somebody who is awake writes for itself");
    let (items, _) = take_all(&outbox);
    let Some((frame, taken)) = parked.begun else {
        panic!("the socket took whole frames only, so that this shows nothing: {items:?}");
    };
    assert_eq!(frame.as_str(), texts[usize::try_from(next - 2).unwrap()]);
    assert_eq!(parked.places[0].last, next - 1, "the session writes the rest of it");
    assert_eq!(seqs(&items), [next]);
    let sent: usize = texts[..usize::try_from(next - 2).unwrap()].iter().map(|t| wire::length(t)).sum();
    drop((near, parked.writer));
    let mut heard = Vec::new();
    far.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard.len(), sent + taken);
}

#[tokio::test]
async fn a_signal_is_written_behind_what_was_written_and_not_before_what_waits() {
    let (mut near, _far) = connection().await;
    let outbox = outbox(10_000);
    park(&outbox, &mut near, 0);
    let signal = Run::signal(Utf8Bytes::from_static("t"), true, true);
    assert_eq!(outbox.hand(1, &signal), 1);
    outbox.push(entry(2));
    assert_eq!(outbox.hand(1, &signal), 0);
    assert_eq!(take_all(&outbox).0.len(), 2);
}
