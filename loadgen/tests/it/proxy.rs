//! What the fault proxy does to bytes between a client and a server.

use std::io::ErrorKind;
use std::time::Duration;

use tidings_loadgen::proxy::{Course, Door, Network, Plan, Proxy, Toxic};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const BYTES: usize = 10_000;
const SOON: Duration = Duration::from_secs(10);

/// A client and a server with one connection between them, through a door.
struct Pair {
    client: TcpStream,
    server: TcpStream,
    door: Door,
    proxy: Proxy,
    listener: TcpListener,
}

async fn pair(course: Course) -> Pair {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plan = Plan::seeded(1, move |_| course.clone());
    let proxy = Proxy::new(listener.local_addr().unwrap(), plan);
    let door = proxy.door(0).await.unwrap();
    let client = TcpStream::connect(door.addr()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    Pair { client, server, door, proxy, listener }
}

fn up(toxic: Toxic) -> Course {
    Course { up: vec![toxic], down: vec![] }
}

fn down(toxic: Toxic) -> Course {
    Course { up: vec![], down: vec![toxic] }
}

fn bytes() -> Vec<u8> {
    (0..BYTES).map(|n| n as u8).collect()
}

/// All that comes until the end, and how it ended.
async fn read_all(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut all = Vec::new();
    let ended = timeout(SOON, stream.read_to_end(&mut all)).await.expect("it ends");
    (all, ended.err().map(|error| error.kind()))
}

async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut some = vec![0; count];
    timeout(SOON, stream.read_exact(&mut some)).await.expect("it comes").unwrap();
    some
}

/// Whether nothing comes for a while.
async fn is_silent(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(200), stream.read_u8()).await.is_err()
}

fn count(proxy: &Proxy, name: &str) -> u64 {
    proxy.tally().toxics().into_iter().find(|(toxic, _)| *toxic == name).unwrap().1
}

#[tokio::test]
async fn without_toxics_bytes_and_ends_pass_both_ways() {
    let mut pair = pair(Course::clear()).await;
    pair.client.write_all(&bytes()).await.unwrap();
    pair.client.shutdown().await.unwrap();
    assert_eq!(read_all(&mut pair.server).await, (bytes(), None));
    pair.server.write_all(&bytes()).await.unwrap();
    pair.server.shutdown().await.unwrap();
    assert_eq!(read_all(&mut pair.client).await, (bytes(), None));
    assert_eq!(pair.proxy.tally().connections(), 1);
}

#[tokio::test]
async fn a_delay_delays_without_making_the_link_slow() {
    let (base, jitter) = (Duration::from_millis(150), Duration::from_millis(50));
    let mut pair = pair(down(Toxic::Delay { base, jitter })).await;
    let began = Instant::now();
    for _ in 0..10 {
        pair.server.write_all(&bytes()).await.unwrap();
    }
    let all = read(&mut pair.client, 10 * BYTES).await;
    let took = began.elapsed();
    assert_eq!(all, bytes().repeat(10));
    assert!(took >= base - jitter, "{took:?}");
    assert!(took < 20 * base, "each piece has waited for the one before: {took:?}");
}

#[tokio::test]
async fn a_throttled_link_passes_so_many_bytes_a_second() {
    let mut pair = pair(up(Toxic::Throttle { bytes_per_second: 20_000 })).await;
    let began = Instant::now();
    pair.client.write_all(&bytes()).await.unwrap();
    assert_eq!(read(&mut pair.server, BYTES).await, bytes());
    assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
}

#[tokio::test]
async fn fragments_come_one_by_one_and_make_the_whole() {
    let mut pair = pair(down(Toxic::Fragment { largest: 3 })).await;
    pair.server.write_all(&bytes()).await.unwrap();
    let mut all = vec![0; 1];
    let first = pair.client.read_exact(&mut all).await;
    first.unwrap();
    all.extend(read(&mut pair.client, BYTES - 1).await);
    assert_eq!(all, bytes());
    assert_eq!(count(&pair.proxy, "fragment"), 1);
}

#[tokio::test]
async fn a_cut_resets_both_sides_behind_its_byte() {
    let mut pair = pair(down(Toxic::Cut { after: 4_321 })).await;
    pair.server.write_all(&bytes()).await.unwrap();
    let (got, error) = read_all(&mut pair.client).await;
    // A reset may overtake what has not been read yet, and brings nothing that was not sent.
    assert!(got.len() <= 4_321 && bytes().starts_with(&got), "{}", got.len());
    assert_eq!(error, Some(ErrorKind::ConnectionReset));
    assert_eq!(read_all(&mut pair.server).await.1, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_byte_that_never_comes_cuts_nothing() {
    let mut pair = pair(down(Toxic::Cut { after: BYTES as u64 + 1 })).await;
    pair.server.write_all(&bytes()).await.unwrap();
    assert_eq!(read(&mut pair.client, BYTES).await, bytes());
    assert_eq!(count(&pair.proxy, "cut"), 0);
}

#[tokio::test]
async fn a_half_closed_link_ends_one_way_and_passes_the_other() {
    let mut pair = pair(up(Toxic::HalfClose { after: 100 })).await;
    pair.client.write_all(&bytes()).await.unwrap();
    assert_eq!(read_all(&mut pair.server).await, (bytes()[..100].to_vec(), None));
    pair.server.write_all(b"still here").await.unwrap();
    assert_eq!(read(&mut pair.client, 10).await, b"still here");
}

#[tokio::test]
async fn a_stalled_link_goes_on_after_a_while() {
    let lasts = Duration::from_millis(700);
    let mut pair = pair(down(Toxic::Stall { after: 100, lasts })).await;
    let began = Instant::now();
    pair.server.write_all(&bytes()).await.unwrap();
    let mut all = read(&mut pair.client, 100).await;
    assert!(is_silent(&mut pair.client).await);
    all.extend(read(&mut pair.client, BYTES - 100).await);
    assert!(all == bytes() && began.elapsed() >= lasts);
}

#[tokio::test]
async fn a_black_hole_takes_everything_and_passes_the_other_way() {
    let mut pair = pair(up(Toxic::Blackhole { after: 100 })).await;
    pair.client.write_all(&bytes().repeat(100)).await.unwrap();
    pair.client.shutdown().await.unwrap();
    assert_eq!(read(&mut pair.server, 100).await, bytes()[..100]);
    assert!(is_silent(&mut pair.server).await, "not even the end comes");
    pair.server.write_all(b"hello?").await.unwrap();
    assert_eq!(read(&mut pair.client, 6).await, b"hello?");
}

#[tokio::test]
async fn a_silent_network_holds_everything_back_until_it_is_up_again() {
    let mut pair = pair(Course::clear()).await;
    pair.door.set(Network::Silent);
    pair.client.write_all(b"one").await.unwrap();
    let mut late = TcpStream::connect(pair.door.addr()).await.unwrap();
    late.write_all(b"two").await.unwrap();
    assert!(is_silent(&mut pair.server).await);
    pair.door.set(Network::Up);
    assert_eq!(read(&mut pair.server, 3).await, b"one");
    let (mut second, _) = timeout(SOON, pair.listener.accept()).await.unwrap().unwrap();
    assert_eq!(read(&mut second, 3).await, b"two");
}

#[tokio::test]
async fn a_network_that_is_down_resets_what_is_open_and_what_comes() {
    let mut pair = pair(Course::clear()).await;
    pair.door.set(Network::Down);
    assert_eq!(read_all(&mut pair.client).await.1, Some(ErrorKind::ConnectionReset));
    assert_eq!(read_all(&mut pair.server).await.1, Some(ErrorKind::ConnectionReset));
    let mut late = TcpStream::connect(pair.door.addr()).await.unwrap();
    assert_eq!(read_all(&mut late).await, (vec![], Some(ErrorKind::ConnectionReset)));
    pair.door.set(Network::Up);
    let mut again = TcpStream::connect(pair.door.addr()).await.unwrap();
    again.write_all(b"back").await.unwrap();
    let (mut server, _) = timeout(SOON, pair.listener.accept()).await.unwrap().unwrap();
    assert_eq!(read(&mut server, 4).await, b"back");
}

#[tokio::test]
async fn the_reply_that_is_not_wanted_is_cut_off_and_only_that_one() {
    let mut pair = pair(Course::clear()).await;
    pair.door.cut_reply(b"ACK");
    pair.server.write_all(b"hello").await.unwrap();
    assert_eq!(read(&mut pair.client, 5).await, b"hello");
    pair.server.write_all(b"an ACK for you").await.unwrap();
    assert_eq!(read_all(&mut pair.client).await, (vec![], Some(ErrorKind::ConnectionReset)));
    assert_eq!(pair.proxy.tally().cut_replies(), 1);

    let mut again = TcpStream::connect(pair.door.addr()).await.unwrap();
    let (mut server, _) = timeout(SOON, pair.listener.accept()).await.unwrap().unwrap();
    server.write_all(b"ACK").await.unwrap();
    assert_eq!(read(&mut again, 3).await, b"ACK");
}

#[tokio::test]
async fn a_door_that_is_dropped_takes_its_connections_along() {
    let mut pair = pair(Course::clear()).await;
    drop(pair.door);
    timeout(SOON, pair.client.read_u8()).await.unwrap().unwrap_err();
    assert!(TcpStream::connect(pair.proxy.door(1).await.unwrap().addr()).await.is_ok());
}
