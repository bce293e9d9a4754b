//! Appends a second through one store, by the size of the batch. `cargo bench -p tidings-server --bench append`,
//! with a folder on the disk that is to be measured in `TIDINGS_BENCH_DIR` (else the system's temporary one).
//! On a machine that does other things too, the CPU time is what can be compared.

#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement prints, and stops at what is wrong"
)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tidings_protocol::entity::RoomKind;
use tidings_protocol::{ClientId, MessageId, RoomId, Timestamp, UserId};
use tidings_server::store::sqlite::{Options, Sqlite};
use tidings_server::store::{Append, Change, Store, Target, Write};

const USERS: u64 = 50;
const ROOMS: u64 = 10;
const BATCHES: &[u64] = &[1, 8, 64, 512];
const MEASURED: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        for (to, target) in [("rooms", room_target as fn(u64) -> Target), ("direct", direct_target)] {
            for batch in BATCHES {
                measure(to, target, *batch).await;
            }
        }
    });
}

async fn measure(to: &str, target: fn(u64) -> Target, batch: u64) {
    let folder = std::env::var_os("TIDINGS_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = TempDir::new_in(folder).expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("tidings.db").display());
    let store = Sqlite::open(&url, Options::default()).await.expect("a store");
    store.commit(rooms()).await.expect("rooms");
    let mut sent = 0;
    let mut slowest = Duration::ZERO;
    let used_before = cpu_time();
    let start = Instant::now();
    while start.elapsed() < MEASURED {
        let writes = (sent..sent + batch).map(|n| Write::Append(append(n, target(n)))).collect();
        let before = Instant::now();
        let outcomes = store.commit(writes).await.expect("a commit");
        slowest = slowest.max(before.elapsed());
        assert!(outcomes.iter().all(Result::is_ok));
        sent += batch;
    }
    let rate = sent as f64 / start.elapsed().as_secs_f64();
    let used = (cpu_time() - used_before).as_secs_f64() * 1e6 / sent as f64;
    println!(
        "{to:>6}, batches of {batch:>3}: {rate:>6.0} appends/s, CPU {used:>6.1} µs each, slowest {slowest:?}"
    );
    store.close().await;
}

/// User and system time of this process, as Linux counts it: in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn rooms() -> Vec<Write> {
    let members: Vec<UserId> = (0..USERS).map(user).collect();
    let create = |n| Write::CreateRoom {
        room_id: room(n),
        name: None,
        kind: RoomKind::Public,
        owner: user(0),
        members: members.clone(),
        at: Timestamp::default(),
    };
    (0..ROOMS).map(create).collect()
}

/// Twelve words with a key, as a client sends them.
fn append(n: u64, target: Target) -> Append {
    const WORDS: [&str; 8] = ["tidings", "replay", "cursor", "the", "a", "log", "is", "truth"];
    let content: Vec<&str> = (0..12_usize).map(|k| WORDS[(n as usize * 7 + k * k) % WORDS.len()]).collect();
    // Like UUIDs: the first half of a message's rises, a key is random.
    let random = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Append {
        sender: user(n % USERS),
        sender_name: Some("A Name".into()),
        client_id: ClientId::new(format!("{random:016x}-{:016x}", random.rotate_left(23))).ok(),
        at: Timestamp::from_millis(1_700_000_000_000 + n as i64),
        new_id: MessageId::new(format!("{n:016x}-{random:016x}")).expect("an id"),
        target,
        change: Change::Message { content: content.join(" "), reply_to: None },
    }
}

fn room_target(n: u64) -> Target {
    Target::Room(room(n % ROOMS))
}

fn direct_target(n: u64) -> Target {
    Target::Direct(user((n * 13 + 1) % USERS))
}

fn user(n: u64) -> UserId {
    UserId::new(format!("user-{n}")).expect("a user")
}

fn room(n: u64) -> RoomId {
    RoomId::new(format!("room-{n}")).expect("a room")
}
