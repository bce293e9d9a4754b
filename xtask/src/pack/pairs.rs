//! What often stands side by side, joined: a symbol in place of several instructions.

use std::{cmp::Reverse, collections::HashMap};

use super::read::{END, Instruction};

/// Longest run that is one symbol.
const LONGEST: usize = 6;

/// Instructions in a row.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// The first of them.
    at: usize,
    length: usize,
    /// The same number for runs that are alike.
    name: usize,
}

/// Joins the pair that is met most often, and that again, so many times. Nothing follows the end of a block in the same
/// run, so that a function ends with a run.
pub(super) fn join<'a, 'm>(code: &'a [Instruction<'m>], times: usize) -> Vec<&'a [Instruction<'m>]> {
    let mut names = HashMap::new();
    let mut runs = Vec::with_capacity(code.len());
    for (at, instruction) in code.iter().enumerate() {
        let next = names.len();
        runs.push(Run { at, length: 1, name: *names.entry(instruction.name()).or_insert(next) });
    }
    for name in names.len()..names.len() + times {
        let mut met: HashMap<(usize, usize), usize> = HashMap::new();
        for pair in runs.windows(2).filter(|pair| may_join(code, pair[0], pair[1])) {
            *met.entry((pair[0].name, pair[1].name)).or_default() += 1;
        }
        // The lower numbers where two are met as often: the same module is packed the same way.
        let Some((&best, _)) = met.iter().max_by_key(|(pair, count)| (**count, Reverse(**pair))) else {
            break;
        };
        let mut joined: Vec<Run> = Vec::with_capacity(runs.len());
        let mut rest = runs.as_slice();
        while let [first, tail @ ..] = rest {
            rest = tail;
            match tail {
                [second, after @ ..]
                    if (first.name, second.name) == best && may_join(code, *first, *second) =>
                {
                    joined.push(Run { at: first.at, length: first.length + second.length, name });
                    rest = after;
                }
                _ => joined.push(*first),
            }
        }
        runs = joined;
    }
    runs.into_iter().map(|run| &code[run.at..run.at + run.length]).collect()
}

fn may_join(code: &[Instruction<'_>], first: Run, second: Run) -> bool {
    let last = first.at + first.length - 1;
    first.length + second.length <= LONGEST && code[last].opcode() != END
}
