//! Randomness as an argument: a small generator (xoroshiro128++) that the driver seeds.

use alloc::string::String;

use tidings_protocol::ClientId;

/// A seeded generator, good for jitter and for ids, not for secrets.
#[derive(Clone, Debug)]
pub struct Rng([u64; 2]);

impl Rng {
    /// A generator from 128 bits of seed. Ids are as unlikely to collide as the seeds are.
    #[must_use]
    pub const fn new(seed: [u64; 2]) -> Self {
        // The all-zero state is the one that the generator never leaves.
        if seed[0] == 0 && seed[1] == 0 { Self([0x9E37_79B9_7F4A_7C15, 1]) } else { Self(seed) }
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        let [a, mut b] = self.0;
        let out = a.wrapping_add(b).rotate_left(17).wrapping_add(a);
        b ^= a;
        self.0 = [a.rotate_left(49) ^ b ^ (b << 21), b.rotate_left(28)];
        out
    }

    /// A number from 0 to `max`, both included.
    pub const fn up_to(&mut self, max: u64) -> u64 {
        if max == u64::MAX {
            return self.next_u64();
        }
        // The bias of a modulus is below 2^-40 for every bound that a timer has.
        self.next_u64() % (max + 1)
    }

    /// A random UUID (version 4) as text.
    pub fn uuid(&mut self) -> String {
        let high = (self.next_u64() & !0xF000) | 0x4000;
        let low = (self.next_u64() >> 2) | (0b10 << 62);
        let mut text = String::with_capacity(36);
        for (at, nibble) in
            (0..32).map(|i| (i, if i < 16 { high >> (60 - 4 * i) } else { low >> (124 - 4 * i) }))
        {
            if matches!(at, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(char::from(b"0123456789abcdef"[(nibble & 15) as usize]));
        }
        text
    }

    /// A fresh id for a frame.
    #[must_use]
    pub fn client_id(&mut self) -> ClientId {
        loop {
            // A UUID always passes the check; the loop is there so that nothing has to be unwrapped.
            if let Ok(id) = ClientId::new(self.uuid()) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn ids_are_version_4_uuids_and_differ() {
        let mut rng = Rng::new([1, 2]);
        let ids: Vec<String> = (0..1_000).map(|_| rng.uuid()).collect();
        for id in &ids {
            assert_eq!(id.len(), 36);
            assert_eq!(id.as_bytes()[14], b'4', "{id}");
            assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{id}");
        }
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn a_bounded_number_reaches_both_ends() {
        let mut rng = Rng::new([3, 4]);
        let drawn: Vec<u64> = (0..1_000).map(|_| rng.up_to(9)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&9)));
    }
}
