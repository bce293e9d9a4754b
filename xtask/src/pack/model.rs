//! How probable a bit is where it stands. `unpack.wat` does the same sums in the same order.
//!
//! Several contexts of what stood before ([`CONTEXTS`]) each have a counter for the bit, which says how often it was set so far.
//! Their predictions are added up as logits, each by a weight that grows where the context is right: logistic mixing, after
//! M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression" (2005).
//!
//! All of it is whole numbers, so that it comes out alike everywhere; the one table that is not is made by multiplying and
//! dividing, which IEEE 754 fixes to the last bit.

use super::range::ONE;

/// What a number is; its place in the weights, and in the table of symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Instruction,
    Rest,
    Locals,
    Local,
    Const32,
    Const64,
    Offset,
    Call,
    Label,
}

const KINDS: usize = 9;

/// Contexts of each number.
const COUNT: usize = 3;

// Places in `Model::history`. The last instructions, and the last numbers of any kind, the latest first:
const INSTRUCTIONS: usize = 0;
const NUMBERS: usize = 4;
/// The bytes of this immediate so far.
const SO_FAR: usize = 7;
/// The last immediate of this kind.
const SAME: usize = 8;
const HISTORY: usize = 9;

/// What each context looks at: for instructions, for the rest, and for immediates. Found by trying some thousands of others.
/// With a fourth there is a third more to do for 1.5 %; with two, the module is 5 % larger.
const CONTEXTS: [[&[usize]; COUNT]; 3] =
    [[&[0], &[0, 1, 2, 3], &[0, 1, 4, 5]], [&[], &[4], &[4, 5, 6]], [&[7], &[0, 1, 4], &[0, 1, 2, 3, 8]]];

/// A power of two. With half as many the module is 1 % larger, with twice as many 0.5 % smaller.
const COUNTERS: usize = 1 << 19;
/// A counter has a check of whose it is, from this bit on,
const CHECK: u32 = 20;
/// the probability so far in sixteen bits, from this one on, and how many bits made it.
const PROBABILITY: u32 = 4;
const HALF: u32 = 1 << (CHECK - 1);
/// Bits of a number that a counter counts up to: what is long ago is forgotten.
const LIMIT: u32 = 8;

/// Logits are counted in parts of 256, and reach from `-REACH` to below `REACH`.
const REACH: i32 = 2048;
/// `e` to the power of one part.
const STEP: f64 = 1.003_913_889_338_347_6;

/// Sets of weights.
const SETS: usize = 8192;
/// What a context's prediction is worth at first, in parts of 65,536.
const WEIGHT: i32 = 26_000;
/// How fast weights follow: by one part of two to the power of this.
const LEARNING: u32 = 15;

/// The model and what it has learned.
pub(super) struct Model {
    counters: Vec<u32>,
    weights: Vec<[i32; COUNT]>,
    history: [u32; HISTORY],
    /// The last number of each kind.
    same: [u32; KINDS],
    /// The probability that a logit means, and the logit of a probability in 4,096 parts.
    squash: Vec<u32>,
    stretch: Vec<i32>,
    /// How much a counter that has counted so many takes of the next bit, in parts of 32,768.
    rates: Vec<i32>,
    /// Of the number that is coded: what each context sees, and the set of weights.
    contexts: [u32; COUNT],
    set: usize,
    /// Of the bit that is coded: each context's counter and prediction, and what came out.
    at: [usize; COUNT],
    predictions: [i32; COUNT],
    probability: u32,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut squash = vec![0; 2 * REACH as usize];
        let mut odds = 1.0;
        for logit in 0..REACH {
            let set = (f64::from(ONE) * odds / (1.0 + odds)) as u32;
            squash[(REACH + logit) as usize] = set;
            squash[(REACH - logit) as usize] = ONE - set;
            odds *= STEP;
        }
        let mut logit = 0;
        let stretch = (0..4096)
            .map(|part| {
                while logit < 2 * REACH - 1 && squash[logit as usize] < part * 16 + 8 {
                    logit += 1;
                }
                logit - REACH
            })
            .collect();
        Self {
            counters: vec![0; COUNTERS],
            weights: vec![[WEIGHT; COUNT]; SETS],
            history: [0; HISTORY],
            same: [0; KINDS],
            squash,
            stretch,
            rates: (0..=LIMIT as i32).map(|count| 327_680 / (10 * count + 12)).collect(),
            contexts: [0; COUNT],
            set: 0,
            at: [0; COUNT],
            predictions: [0; COUNT],
            probability: 0,
        }
    }

    /// A number of this kind follows.
    pub(super) fn begin(&mut self, kind: Kind) {
        let contexts = match kind {
            Kind::Instruction => 0,
            Kind::Rest | Kind::Locals => 1,
            Kind::Local | Kind::Const32 | Kind::Const64 | Kind::Offset | Kind::Call | Kind::Label => 2,
        };
        let byte = (32 - self.history[SO_FAR].leading_zeros()) / 8;
        self.set =
            ((kind as usize) << 7 ^ (byte as usize) << 11 ^ self.history[INSTRUCTIONS] as usize) % SETS;
        self.history[SAME] = self.same[kind as usize];
        for (number, context) in CONTEXTS[contexts].iter().enumerate() {
            let mut hash = ((kind as u32) << 4 | number as u32).wrapping_mul(0x9e37_79b1);
            for &place in *context {
                hash = (hash ^ self.history[place]).wrapping_mul(0x2c92_77b5);
                hash ^= hash >> 15;
            }
            self.contexts[number] = hash;
        }
    }

    /// How probable it is that the bit is set, at this place of the number.
    pub(super) fn probability(&mut self, node: u32) -> u32 {
        let mut sum = 0_i32;
        // In the unpacker's order: two contexts may have the same counter.
        for context in (0..COUNT).rev() {
            let hash = (self.contexts[context] ^ node.wrapping_mul(0x9e37_79b1)).wrapping_mul(0x2545_f491);
            let hash = hash ^ hash >> 15;
            let at = hash as usize % COUNTERS;
            if (self.counters[at] ^ hash) >> CHECK != 0 || self.counters[at] == 0 {
                self.counters[at] = hash >> CHECK << CHECK | HALF;
            }
            self.at[context] = at;
            let prediction = self.stretch[(self.counters[at] >> (CHECK - 12) & 4095) as usize];
            self.predictions[context] = prediction;
            sum = sum.wrapping_add(self.weights[self.set][context].wrapping_mul(prediction));
        }
        let logit = (sum >> 16).clamp(1 - REACH, REACH - 1);
        self.probability = self.squash[(logit + REACH) as usize];
        self.probability
    }

    /// The bit for which this was.
    pub(super) fn learn(&mut self, bit: bool) {
        let wrong = (u32::from(bit) * ONE) as i32 - self.probability as i32;
        for context in (0..COUNT).rev() {
            let change = (wrong.wrapping_mul(self.predictions[context]) + (1 << (LEARNING - 1))) >> LEARNING;
            self.weights[self.set][context] = self.weights[self.set][context].wrapping_add(change);
            let counter = &mut self.counters[self.at[context]];
            let count = *counter & 15;
            let before = (*counter >> PROBABILITY & 0xffff) as i32;
            let to = if bit { 0xffff } else { 0 };
            let now = before + (((to - before) * self.rates[count as usize]) >> 15);
            *counter = *counter >> CHECK << CHECK | (now as u32) << PROBABILITY | (count + 1).min(LIMIT);
        }
    }

    /// The number was this.
    pub(super) fn end(&mut self, kind: Kind, number: u32) {
        self.history.copy_within(NUMBERS..SO_FAR - 1, NUMBERS + 1);
        self.history[NUMBERS] = number;
        if kind == Kind::Instruction {
            self.history.copy_within(INSTRUCTIONS..NUMBERS - 1, INSTRUCTIONS + 1);
            self.history[INSTRUCTIONS] = number;
        } else if kind > Kind::Locals {
            self.history[SO_FAR] = (self.history[SO_FAR] << 8) | (number + 1);
            if number < 128 {
                self.same[kind as usize] = std::mem::take(&mut self.history[SO_FAR]);
            }
        }
    }
}
