//! How likely a bit is where it stands. `unpack.wat` does the same sums in the same order.
//!
//! Several views of what stood before ([`VIEWS`]) each have a cell for the bit, which says how often it was set so far.
//! Their opinions are added up as logits, each by a weight that grows where the view is right: logistic mixing, after
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

/// Views of each number.
const COUNT: usize = 3;

// Places in `Model::seen`. The last instructions, and the last numbers of any kind, the latest first:
const INSTRUCTIONS: usize = 0;
const NUMBERS: usize = 4;
/// The bytes of this immediate so far.
const SO_FAR: usize = 7;
/// The last immediate of this kind.
const SAME: usize = 8;
const SEEN: usize = 9;

/// What each view looks at: for instructions, for the rest, and for immediates. Found by trying some thousands of others.
/// A fourth view would save 1.5 % and take a third longer; with two, the module is 5 % larger.
const VIEWS: [[&[usize]; COUNT]; 3] =
    [[&[0], &[0, 1, 2, 3], &[0, 1, 4, 5]], [&[], &[4], &[4, 5, 6]], [&[7], &[0, 1, 4], &[0, 1, 2, 3, 8]]];

/// A power of two. With half as many the module is 1 % larger, with twice as many 0.5 % smaller.
const CELLS: usize = 1 << 19;
/// A cell is a check of whose it is, from this bit on,
const CHECK: u32 = 20;
/// the likelihood so far in sixteen bits, from this one on, and how many bits made it.
const LIKELIHOOD: u32 = 4;
const HALF: u32 = 1 << (CHECK - 1);
/// Bits of a number that a cell counts up to: what is long ago is forgotten.
const LIMIT: u32 = 8;

/// Logits are counted in parts of 256, and reach from `-REACH` to below `REACH`.
const REACH: i32 = 2048;
/// `e` to the power of one part.
const STEP: f64 = 1.003_913_889_338_347_6;

/// Sets of weights.
const SETS: usize = 8192;
/// What a view's opinion is worth at first, in parts of 65,536.
const WEIGHT: i32 = 26_000;
/// How fast weights follow: by one part of two to the power of this.
const RATE: u32 = 15;

/// The model and what it has learned.
pub(super) struct Model {
    cells: Vec<u32>,
    weights: Vec<[i32; COUNT]>,
    seen: [u32; SEEN],
    /// The last number of each kind.
    same: [u32; KINDS],
    /// The likelihood that a logit means, and the logit of a likelihood in 4,096 parts.
    likelihoods: Vec<u32>,
    logits: Vec<i32>,
    /// How much a cell that has counted so many takes of the next bit, in parts of 32,768.
    shares: Vec<i32>,
    /// Of the number that is coded: what each view sees, and the set of weights.
    views: [u32; COUNT],
    set: usize,
    /// Of the bit that is coded: each view's cell and opinion, and what came out.
    at: [usize; COUNT],
    opinions: [i32; COUNT],
    likelihood: u32,
}

impl Model {
    pub(super) fn new() -> Self {
        let mut likelihoods = vec![0; 2 * REACH as usize];
        let mut odds = 1.0;
        for logit in 0..REACH {
            let set = (f64::from(ONE) * odds / (1.0 + odds)) as u32;
            likelihoods[(REACH + logit) as usize] = set;
            likelihoods[(REACH - logit) as usize] = ONE - set;
            odds *= STEP;
        }
        let mut logit = 0;
        let logits = (0..4096)
            .map(|part| {
                while logit < 2 * REACH - 1 && likelihoods[logit as usize] < part * 16 + 8 {
                    logit += 1;
                }
                logit - REACH
            })
            .collect();
        Self {
            cells: vec![0; CELLS],
            weights: vec![[WEIGHT; COUNT]; SETS],
            seen: [0; SEEN],
            same: [0; KINDS],
            likelihoods,
            logits,
            shares: (0..=LIMIT as i32).map(|count| 327_680 / (10 * count + 12)).collect(),
            views: [0; COUNT],
            set: 0,
            at: [0; COUNT],
            opinions: [0; COUNT],
            likelihood: 0,
        }
    }

    /// A number of this kind follows.
    pub(super) fn begin(&mut self, kind: Kind) {
        let views = match kind {
            Kind::Instruction => 0,
            Kind::Rest | Kind::Locals => 1,
            Kind::Local | Kind::Const32 | Kind::Const64 | Kind::Offset | Kind::Call | Kind::Label => 2,
        };
        let byte = (32 - self.seen[SO_FAR].leading_zeros()) / 8;
        self.set = ((kind as usize) << 7 ^ (byte as usize) << 11 ^ self.seen[INSTRUCTIONS] as usize) % SETS;
        self.seen[SAME] = self.same[kind as usize];
        for (number, view) in VIEWS[views].iter().enumerate() {
            let mut hash = ((kind as u32) << 4 | number as u32).wrapping_mul(0x9e37_79b1);
            for &place in *view {
                hash = (hash ^ self.seen[place]).wrapping_mul(0x2c92_77b5);
                hash ^= hash >> 15;
            }
            self.views[number] = hash;
        }
    }

    /// How likely it is that the bit is set, at this place of the number.
    pub(super) fn likelihood(&mut self, node: u32) -> u32 {
        let mut sum = 0_i32;
        // In the unpacker's order: two views may have the same cell.
        for view in (0..COUNT).rev() {
            let hash = (self.views[view] ^ node.wrapping_mul(0x9e37_79b1)).wrapping_mul(0x2545_f491);
            let hash = hash ^ hash >> 15;
            let at = hash as usize % CELLS;
            if (self.cells[at] ^ hash) >> CHECK != 0 || self.cells[at] == 0 {
                self.cells[at] = hash >> CHECK << CHECK | HALF;
            }
            self.at[view] = at;
            let opinion = self.logits[(self.cells[at] >> (CHECK - 12) & 4095) as usize];
            self.opinions[view] = opinion;
            sum = sum.wrapping_add(self.weights[self.set][view].wrapping_mul(opinion));
        }
        let logit = (sum >> 16).clamp(1 - REACH, REACH - 1);
        self.likelihood = self.likelihoods[(logit + REACH) as usize];
        self.likelihood
    }

    /// The bit for which this was.
    pub(super) fn learn(&mut self, bit: bool) {
        let wrong = (u32::from(bit) * ONE) as i32 - self.likelihood as i32;
        for view in (0..COUNT).rev() {
            let change = (wrong.wrapping_mul(self.opinions[view]) + (1 << (RATE - 1))) >> RATE;
            self.weights[self.set][view] = self.weights[self.set][view].wrapping_add(change);
            let cell = &mut self.cells[self.at[view]];
            let count = *cell & 15;
            let before = (*cell >> LIKELIHOOD & 0xffff) as i32;
            let to = if bit { 0xffff } else { 0 };
            let now = before + (((to - before) * self.shares[count as usize]) >> 15);
            *cell = *cell >> CHECK << CHECK | (now as u32) << LIKELIHOOD | (count + 1).min(LIMIT);
        }
    }

    /// The number was this.
    pub(super) fn end(&mut self, kind: Kind, number: u32) {
        self.seen.copy_within(NUMBERS..SO_FAR - 1, NUMBERS + 1);
        self.seen[NUMBERS] = number;
        if kind == Kind::Instruction {
            self.seen.copy_within(INSTRUCTIONS..NUMBERS - 1, INSTRUCTIONS + 1);
            self.seen[INSTRUCTIONS] = number;
        } else if kind > Kind::Locals {
            self.seen[SO_FAR] = (self.seen[SO_FAR] << 8) | (number + 1);
            if number < 128 {
                self.same[kind as usize] = std::mem::take(&mut self.seen[SO_FAR]);
            }
        }
    }
}
