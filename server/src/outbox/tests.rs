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

#[tokio::test]
async fn droppable_items_go_first_and_are_counted() {
    let outbox = outbox(300);
    for item in [typing(), entry(1), typing(), entry(2)] {
        outbox.push(item);
    }
    assert!(!outbox.is_closed());
    assert_eq!(take_all(&outbox), (vec![entry(1), entry(2)], 2));
    assert_eq!(outbox.waiting_bytes(), 0);
}

fn signal(text: &str) -> Item {
    Item::Signal { frame: Utf8Bytes::from(text.to_owned()), droppable: false }
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_left_to_the_logs_and_what_no_log_holds_stays() {
    let outbox = outbox(1_000);
    let inbox = |seq| Item::Inbox {
        inbox_seq: seq,
        room_id: tidings_protocol::RoomId::new("direct:a:b").unwrap(),
        seq: 1,
        frame: Some(Utf8Bytes::from("d".repeat(36))),
    };
    let notice = |seq, broadcast| Item::Notice { seq, broadcast, json: Utf8Bytes::from("n".repeat(36)) };
    outbox.push(signal("stays"));
    for item in [inbox(7), notice(3, false), notice(5, true)] {
        outbox.push(item);
    }
    for seq in 1..=9 {
        outbox.push(entry(seq));
    }
    let heads = [Head::Room(1, 7), Head::Inbox(7), Head::Notices { own: 3, broadcast: 5 }].map(Item::Head);
    let expected: Vec<Item> =
        [signal("stays")].into_iter().chain(heads).chain([entry(8), entry(9)]).collect();
    assert_eq!(take_all(&outbox), (expected, 0));
    assert!(!outbox.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_takes_nothing_while_its_outbox_fills_again_is_closed_as_too_slow() {
    let outbox = outbox(1_000);
    for seq in 1..=20 {
        outbox.push(entry(seq));
    }
    assert!(!outbox.is_closed());
    tokio::time::advance(STALLED).await;
    for seq in 21..=40 {
        outbox.push(entry(seq));
    }
    assert_eq!(outbox.close_code(), Some(CloseCode::TooSlow));
    assert_eq!(take_all(&outbox).0, vec![]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_takes_something_now_and_then_is_not_too_slow() {
    let outbox = outbox(1_000);
    for round in 0..10 {
        for seq in 1..=20 {
            outbox.push(entry(20 * round + seq));
        }
        tokio::time::advance(STALLED).await;
        outbox.take(1, &mut VecDeque::new());
    }
    assert!(!outbox.is_closed());
}

#[tokio::test]
async fn what_no_log_holds_and_is_too_much_closes_at_once() {
    let outbox = outbox(1_000);
    for _ in 0..20 {
        outbox.push(signal(&"s".repeat(36)));
    }
    assert_eq!(outbox.close_code(), Some(CloseCode::TooSlow));
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
