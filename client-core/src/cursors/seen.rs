//! Remembers the last notifications by their ids: their cursors are opaque and say nothing of before and after.

use alloc::vec::Vec;

/// How many are remembered; a replay that overlaps by more shows the oldest of them again.
const REMEMBERED: usize = 512;

/// A ring of hashes of ids.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashes: Vec<u64>,
    next: usize,
}

impl Seen {
    /// Remembers an id; false where it was known.
    pub(crate) fn insert(&mut self, id: &str) -> bool {
        let hash = fnv1a(id);
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() < REMEMBERED {
            self.hashes.push(hash);
        } else {
            self.hashes[self.next] = hash;
            self.next = (self.next + 1) % REMEMBERED;
        }
        true
    }
}

/// FNV-1a: the ids come from our server, so nobody chooses them to collide.
fn fnv1a(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn an_id_is_new_once_until_it_is_forgotten() {
        let mut seen = Seen::default();
        assert!((0..REMEMBERED).all(|i| seen.insert(&i.to_string())));
        assert!(!seen.insert("0"));
        assert!(seen.insert("one more"), "pushes the oldest out");
        assert!(!seen.insert("1"));
        assert!(seen.insert("0"));
    }
}
