//! Whole lives of clients against a model server over a network that delays, cuts and reorders connections, while the
//! server crashes around its commits and pages are reloaded.
//!
//! In some of the runs one user's pages share a connection, and hand it from one to another.
//!
//! What must hold: what was accepted is stored exactly once; what was seen is what is stored, in order and once, or
//! one typed gap; each sender's order stays in each room; and when the faults end, everything arrives.

mod app;
mod arrivals;
mod net;
mod ops;
mod server;
mod shared;
mod tabs;
mod tally;
mod verdict;
mod words;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use ops::{ALONE, Op, USERS, ops};
use tally::Tally;
use world::World;

#[cfg(target_arch = "wasm32")]
use crate::test;

/// Steps of one life.
const STEPS: usize = 1_000;
/// Lives of [`the_faults_do_happen`]: what is rare in one of them is met in all together.
const LIVES: u64 = 24;

/// Lives of a usual run, with the steps of each 10^5 in all: the same ones each time. In wasm, where a step takes several
/// times as long, the first few of them. `TIDINGS_MODEL_RUNS` asks for so many fresh ones.
const USUAL: u32 = if cfg!(target_arch = "wasm32") { 20 } else { 100 };

#[test]
fn promises_hold_under_faults() {
    lives(1, ALONE, World::new);
}

/// Of the usual lives a fourth.
#[test]
fn promises_hold_where_the_pages_of_a_user_share_a_connection() {
    lives(4, USERS.len(), World::sharing);
}

fn lives(part: u32, clients: usize, world: fn(u64) -> World) {
    let asked: Option<u32> = std::env::var("TIDINGS_MODEL_RUNS").ok().and_then(|runs| runs.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(USUAL / part),
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let usual = || TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = match asked {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, usual()),
    };
    let tally = RefCell::new(Tally::default());
    let lived = runner.run(&(any::<u64>(), ops(STEPS, clients)), |(seed, steps)| {
        tally.borrow_mut().begin(STEPS);
        let world = live(world(seed), &steps);
        tally.borrow_mut().kept(&world);
        Ok(())
    });
    eprintln!("{}", tally.borrow());
    if let Err(error) = lived {
        panic!("{error}");
    }
}

/// One life, to its quiet end.
fn live(mut world: World, steps: &[Op]) -> World {
    for step in steps {
        world.step(step);
    }
    world.settle();
    world.judge();
    world
}

#[test]
fn the_faults_do_happen() {
    meets(ALONE, World::new);
    meets(USERS.len(), World::sharing);
}

fn meets(clients: usize, world: fn(u64) -> World) {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    for seed in 0..LIVES {
        tally.begin(STEPS);
        let steps = ops(STEPS, clients).new_tree(&mut runner).unwrap().current();
        tally.kept(&live(world(seed), &steps));
    }
    let rare = tally.rarer_than(3);
    assert!(rare.is_empty(), "each of the faults must be met often, and these were not: {rare:?}");
}
