//! Whole lives of clients against a model server over a network that delays, cuts and reorders connections, while the
//! server crashes around its commits and pages are reloaded.
//!
//! What must hold: what was accepted is stored exactly once; what was seen is what is stored, in order and once, or
//! one typed gap; each sender's order stays in each room; and when the faults end, everything arrives.

mod app;
mod net;
mod ops;
mod server;
mod words;
mod world;

use proptest::prelude::*;

use ops::{Op, ops};
use world::World;

/// Steps of one run.
const STEPS: usize = 1_000;

/// Runs: with the steps of each, 10^5 in all. `TIDINGS_MODEL_RUNS` asks for more.
fn runs() -> u32 {
    std::env::var("TIDINGS_MODEL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(100)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: runs(),
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn promises_hold_under_faults(seed in any::<u64>(), steps in ops(STEPS)) {
        live(seed, &steps);
    }
}

/// One run, to its quiet end.
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
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let steps = ops(8 * STEPS).new_tree(&mut TestRunner::deterministic()).unwrap().current();
    let world = live(11, &steps);
    let met = world.met();
    assert!(met.iter().all(|&(_, times)| times >= 3), "each of the faults must be met often: {met:?}");
}
