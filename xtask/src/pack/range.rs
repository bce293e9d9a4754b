//! Bits written as how much of a surprise each is: a range coder.
//! After G. N. N. Martin, "Range encoding: an algorithm for removing redundancy from a digitised message" (1979).

/// Parts of one that a probability is counted in.
pub(super) const ONE: u32 = 1 << 16;

/// A number between nothing and one, which is narrowed with each bit, as the bytes behind its point.
#[derive(Debug)]
pub(super) struct Encoder {
    written: Vec<u8>,
    /// Where the range begins, behind what is written; above 32 bits it carries into that.
    low: u64,
    range: u32,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { written: Vec::new(), low: 0, range: u32::MAX }
    }
}

impl Encoder {
    /// `probability`: that the bit is set, in parts of [`ONE`], neither none nor all of it.
    pub(super) fn bit(&mut self, probability: u32, bit: bool) {
        let set = (self.range >> 16) * probability;
        if bit {
            self.range = set;
        } else {
            self.low += u64::from(set);
            self.range -= set;
        }
        while self.range < 1 << 24 {
            self.shift();
            self.range <<= 8;
        }
    }

    /// What is written; the reader takes what is not there for zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        // Anywhere in the range will do: where most bytes are zero.
        self.low += u64::from(self.range) - 1;
        self.low &= !0xff_ffff;
        for _ in 0..4 {
            self.shift();
        }
        while self.written.last() == Some(&0) {
            self.written.pop();
        }
        self.written
    }

    fn shift(&mut self) {
        if self.low > u64::from(u32::MAX) {
            for byte in self.written.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
        self.low &= u64::from(u32::MAX);
        self.written.push((self.low >> 24) as u8);
        self.low = self.low << 8 & u64::from(u32::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads as `unpack.wat` does.
    struct Decoder<'a> {
        bytes: &'a [u8],
        range: u32,
        code: u32,
    }

    impl<'a> Decoder<'a> {
        fn new(bytes: &'a [u8]) -> Self {
            let mut decoder = Self { bytes, range: u32::MAX, code: 0 };
            (0..4).for_each(|_| decoder.byte());
            decoder
        }

        fn byte(&mut self) {
            let byte = self.bytes.split_off_first().copied().unwrap_or_default();
            self.code = self.code << 8 | u32::from(byte);
        }

        fn bit(&mut self, probability: u32) -> bool {
            let set = (self.range >> 16) * probability;
            let bit = self.code < set;
            if bit {
                self.range = set;
            } else {
                self.code -= set;
                self.range -= set;
            }
            while self.range < 1 << 24 {
                self.range <<= 8;
                self.byte();
            }
            bit
        }
    }

    fn comes_back(bits: &[(u32, bool)]) -> usize {
        let mut encoder = Encoder::default();
        bits.iter().for_each(|&(probability, bit)| encoder.bit(probability, bit));
        let written = encoder.finish();
        let mut decoder = Decoder::new(&written);
        for (at, &(probability, bit)) in bits.iter().enumerate() {
            assert_eq!(decoder.bit(probability), bit, "bit {at}");
        }
        written.len()
    }

    #[test]
    fn any_bits_come_back_whatever_they_were_taken_for() {
        // Knuth's multiplier: numbers without a pattern.
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as u32
        };
        for length in [0, 1, 2, 9, 1_000, 50_000] {
            let bits: Vec<_> = (0..length).map(|_| (1 + next() % (ONE - 1), next() & 1 == 1)).collect();
            comes_back(&bits);
        }
    }

    #[test]
    fn a_carry_runs_through_all_that_is_written() {
        // Nearly the upper end of the range, for long; then over it.
        let mut bits = vec![(1, false); 40_000];
        bits.extend([(ONE - 1, false); 40]);
        comes_back(&bits);
    }

    #[test]
    fn what_was_expected_costs_next_to_nothing() {
        assert!(comes_back(&vec![(ONE - 64, true); 8_000]) < 20);
        assert!(comes_back(&vec![(ONE / 2, true); 8_000]) <= 1_004);
    }
}
