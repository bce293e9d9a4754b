//! Whole lives of a cluster in one process, on a virtual clock and a virtual network: the server as it is on three nodes,
//! the clients as they are, while nodes are killed around their commits, drained and cut off, connections are cut or
//! fall silent, and what carries events between nodes loses, repeats and delays them.
//!
//! What must hold: what was acknowledged is stored once, where that was said, and in its writer's order; each client is shown the log, in order
//! and once; and when nothing is broken any more, everything arrives and all nodes say the same of who is where.
//!
//! A life is a process, which draws all its numbers from its seed: the same seed lives the same life, to the last
//! line. Each run lives others: it begins at a seed of its own, which it prints, or at the one that `TIDINGS_SIM_FROM` names.
//! A life that fails prints its seed; `TIDINGS_SIM_SEED=7 ./x simulate` lives it again, aloud.
//!
//! `world` breaks things, `judge` compares; `net`, `bus`, `store` and `fate` are what nodes stand on.

mod bus;
mod client;
mod fate;
mod judge;
mod net;
mod node;
mod seen;
mod store;
mod trace;
mod world;

use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use self::trace::Trace;
use self::world::{Lack, World};

/// Lives of a usual run: one takes 0.22 s of CPU in a debug build, so all take about four minutes on two cores.
const LIVES: u64 = 2_000;
/// Of a cluster that lacks something, one of so many lives must fail. Two in a hundred do where the comparison with the log
/// is what lacks: it matters only where the broker has lost the last event of a topic.
const DOOMED: u64 = 400;

/// One life, in a process of its own. The tests below start it.
#[test]
#[ignore = "lives only with a seed that another test gives it"]
fn a_life() {
    let Some(seed) = number("TIDINGS_SIM_LIFE") else { return };
    let aloud = std::env::var_os("TIDINGS_SIM_ALOUD").is_some();
    let lack = match std::env::var("TIDINGS_SIM_LACK").as_deref() {
        Ok("tick") => Lack::Tick,
        Ok("subscriptions") => Lack::Subscriptions,
        Ok(other) => panic!("{other}?"),
        Err(_) => Lack::Nothing,
    };
    static PANICKED: AtomicBool = AtomicBool::new(false);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICKED.store(true, Ordering::Relaxed);
        usual(info);
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.unwrap();
    let trace = runtime.block_on(async { Trace::new(aloud) });
    let living = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut world = World::new(seed, lack, trace.clone()).await;
            let living = async {
                world.live().await;
                trace.now()
            };
            // A panic of any task ends it.
            let watching = async {
                while !PANICKED.load(Ordering::Relaxed) {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            };
            tokio::select! {
                biased;
                () = watching => panic!("a task has panicked"),
                _ = living => {}
            }
        });
    }));
    if living.is_err() || PANICKED.load(Ordering::Relaxed) {
        if !aloud {
            print!("{}", trace.last());
        }
        println!("life {seed} has failed: TIDINGS_SIM_SEED={seed} ./x simulate");
        std::process::exit(1);
    }
    println!("\nlife {seed}: {}", trace.sum());
}

#[test]
fn whatever_is_broken_what_was_promised_holds_in_every_life() {
    if let Some(seed) = number("TIDINGS_SIM_SEED") {
        let status = life(seed, None).env("TIDINGS_SIM_ALOUD", "1").status().unwrap();
        assert!(status.success());
        return;
    }
    let lives = number("TIDINGS_SIM_LIVES").unwrap_or(LIVES);
    // Short enough to be typed.
    let first = number("TIDINGS_SIM_FROM").unwrap_or_else(|| u64::from(getrandom::u32().unwrap()));
    println!("{lives} lives from seed {first} on");
    let failed = live(first..first + lives, None, |_| false);
    let told: String = failed.iter().map(|(_, output)| text(output)).collect();
    assert!(failed.is_empty(), "{told}\n{} of {lives} lives from seed {first} on failed", failed.len());
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let once = |_| {
        let output = life(11, None).output().unwrap();
        let told = text(&output);
        told.lines().find(|line| line.starts_with("life 11: ")).unwrap_or_else(|| panic!("{told}")).to_owned()
    };
    let [first, again] = [0, 1].map(once);
    assert_eq!(first, again);
}

#[test]
fn a_cluster_that_compares_nothing_with_the_log_is_found_out() {
    assert!(!live(0..DOOMED, Some("tick"), |failed| failed > 0).is_empty());
}

#[test]
fn a_cluster_that_does_not_subscribe_anew_is_found_out() {
    assert!(!live(0..DOOMED, Some("subscriptions"), |failed| failed > 0).is_empty());
}

/// Lives the lives of these seeds on all cores, until `enough` have failed.
fn live(seeds: Range<u64>, lack: Option<&str>, enough: impl Fn(usize) -> bool + Sync) -> Vec<(u64, Output)> {
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || enough(failed.lock().unwrap().len()) {
                        return;
                    }
                    let output = life(seed, lack).output().unwrap();
                    if !output.status.success() {
                        failed.lock().unwrap().push((seed, output));
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

/// A process that lives this life.
fn life(seed: u64, lack: Option<&str>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "sim::a_life", "--ignored", "--nocapture", "--test-threads=1"])
        .env("TIDINGS_SIM_LIFE", seed.to_string())
        .env("LD_PRELOAD", seeded());
    if let Some(lack) = lack {
        command.env("TIDINGS_SIM_LACK", lack);
    }
    command
}

/// The library that makes all that a process draws come from its seed. Built once by each process that needs it.
fn seeded() -> PathBuf {
    static BUILT: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap();
    let path = built.get_or_insert_with(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sim/seeded.c");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let own = folder.join(format!("seeded-{}.so", std::process::id()));
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&own).arg(source).status();
        assert!(compiled.unwrap().success());
        // Other tests may be at the same: each finds a whole one.
        let library = folder.join("seeded.so");
        std::fs::rename(own, &library).unwrap();
        library
    });
    path.clone()
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}
