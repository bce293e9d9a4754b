//! What often stands side by side, joined: a symbol in place of several instructions.

use std::{cmp::Reverse, collections::HashMap};

use super::read::{END, Instruction};

/// Longest run that is one symbol.
const LONGEST: usize = 6;

/// Joins the pair that is met most often, and that again, so many times. Nothing follows the end of a block in the same
/// run, so that a function ends with a run.
pub(super) fn join<'a, 'm>(code: &'a [Instruction<'m>], times: usize) -> Vec<&'a [Instruction<'m>]> {
    // Each run by its first instruction and its length, and what it is, as a number.
    let mut names = HashMap::new();
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (at, instruction) in code.iter().enumerate() {
        let next = names.len();
        runs.push((at, 1, *names.entry(instruction.name()).or_insert(next)));
    }
    for name in names.len()..names.len() + times {
        let mut met: HashMap<(usize, usize), usize> = HashMap::new();
        for pair in runs.windows(2).filter(|pair| may_join(code, pair)) {
            *met.entry((pair[0].2, pair[1].2)).or_default() += 1;
        }
        // The lower numbers where two are met as often: the same module is packed the same way.
        let Some((&best, _)) = met.iter().max_by_key(|(pair, count)| (**count, Reverse(**pair))) else {
            break;
        };
        let mut joined = Vec::with_capacity(runs.len());
        let mut rest = runs.as_slice();
        while let [first, tail @ ..] = rest {
            rest = tail;
            match tail {
                [second, after @ ..] if (first.2, second.2) == best && may_join(code, &[*first, *second]) => {
                    joined.push((first.0, first.1 + second.1, name));
                    rest = after;
                }
                _ => joined.push(*first),
            }
        }
        runs = joined;
    }
    runs.into_iter().map(|(at, length, _)| &code[at..at + length]).collect()
}

fn may_join(code: &[Instruction<'_>], pair: &[(usize, usize, usize)]) -> bool {
    let (first, second) = (pair[0], pair[1]);
    first.1 + second.1 <= LONGEST && code[first.0 + first.1 - 1].opcode() != END
}
