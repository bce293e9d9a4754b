//! What many lives have tried, as a table.

use std::collections::BTreeMap;
use std::fmt;

use super::world::World;

/// Lives, what they tried, and what befell them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    lives: u64,
    steps: usize,
    kept: u64,
    tried: Vec<(&'static str, u64)>,
    met: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// A life begins. One that breaks a promise does not come to [`kept`](Self::kept).
    pub(crate) const fn begin(&mut self, steps: usize) {
        self.lives += 1;
        self.steps += steps;
    }

    /// A life has come to its end, and has kept everything.
    pub(crate) fn kept(&mut self, world: &World) {
        self.kept += 1;
        for (promise, tried) in world.tried() {
            match self.tried.iter_mut().find(|(known, _)| *known == promise) {
                Some((_, sum)) => *sum += tried,
                None => self.tried.push((promise, tried)),
            }
        }
        for (fault, times) in world.met() {
            *self.met.entry(fault).or_default() += times;
        }
    }

    /// Faults that were met less often than this.
    pub(crate) fn rarer_than(&self, times: u64) -> Vec<(&'static str, u64)> {
        self.met.iter().map(|(fault, met)| (*fault, *met)).filter(|(_, met)| *met < times).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} steps in {} lives\n\n| promise | tried | broken |\n|---|--:|--:|",
            self.steps, self.lives
        )?;
        for (promise, tried) in &self.tried {
            writeln!(f, "| {promise} | {tried} | 0 |")?;
        }
        let broken = self.lives - self.kept;
        writeln!(
            f,
            "| a life keeps all of these to its end | {} | {broken} |\n\n| fault | met |\n|---|--:|",
            self.lives
        )?;
        for (fault, met) in &self.met {
            writeln!(f, "| {fault} | {met} |")?;
        }
        Ok(())
    }
}
