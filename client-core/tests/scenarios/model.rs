//! Whole lives of clients against a model server over a network that delays, cuts and reorders connections, while the
//! server crashes around its commits and pages are reloaded.
//!
//! What must hold: what was accepted is stored exactly once; what was seen is what is stored, in order and once, or
//! one typed gap; each sender's order stays in each room; and when the faults end, everything arrives.

mod app;
mod net;
mod ops;
mod server;
mod tally;
mod words;
mod world;

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use ops::{Op, ops};
use tally::Tally;
use world::World;

/// Steps of one life.
const STEPS: usize = 1_000;
/// Lives of [`the_faults_do_happen`]: what is rare in one of them is met in all together.
const LIVES: u64 = 8;

/// Lives of a usual run, with the steps of each 10^5 in all: the same ones each time. `TIDINGS_MODEL_RUNS` asks for so
/// many fresh ones.
const USUAL: u32 = 100;

#[test]
fn promises_hold_under_faults() {
    let asked = std::env::var("TIDINGS_MODEL_RUNS").ok().and_then(|runs| runs.parse().ok());
    let config = ProptestConfig {
        cases: asked.unwrap_or(USUAL),
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
    let lived = runner.run(&(any::<u64>(), ops(STEPS)), |(seed, steps)| {
        tally.borrow_mut().begin(STEPS);
        let world = live(seed, &steps);
        tally.borrow_mut().kept(&world);
        Ok(())
    });
    eprintln!("{}", tally.borrow());
    if let Err(error) = lived {
        panic!("{error}");
    }
}

/// One life, to its quiet end.
fn live(seed: u64, steps: &[Op]) -> World {
    let mut world = World::new(seed);
    for step in steps {
        world.step(step);
    }
    world.settle();
    world.judge();
    world
}

#[test]
fn the_faults_do_happen() {
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    for seed in 0..LIVES {
        tally.begin(STEPS);
        tally.kept(&live(seed, &ops(STEPS).new_tree(&mut runner).unwrap().current()));
    }
    let rare = tally.rarer_than(3);
    assert!(rare.is_empty(), "each of the faults must be met often, and these were not: {rare:?}");
}
