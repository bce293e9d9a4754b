//! Parts of an inbox: which positions have been handed over, where not all that lies below has.

/// Parts kept at most; what would be one more is not noted, and is told when a later position covers it.
const MAX_PARTS: usize = 1_024;

/// Positions, as parts that lie apart, in order: each above its first number and up to its second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(Vec<(u64, u64)>);

impl Parts {
    /// Adds the positions above `after` and up to `upto`.
    pub fn add(&mut self, after: u64, upto: u64) {
        if upto <= after {
            return;
        }
        // Nearly always the next position after the last one.
        if let Some(last) = self.0.last_mut()
            && last.1 == after
        {
            last.1 = upto;
            return;
        }
        let from = self.0.partition_point(|part| part.1 < after);
        let to = self.0.partition_point(|part| part.0 <= upto);
        let touched = self.0.get(from..to).unwrap_or_default();
        if touched.is_empty() && self.0.len() >= MAX_PARTS {
            return;
        }
        let first = touched.first().map_or(after, |part| part.0.min(after));
        let last = touched.last().map_or(upto, |part| part.1.max(upto));
        self.0.splice(from..to.max(from), [(first, last)]);
    }

    /// Adds one position.
    pub fn add_one(&mut self, position: u64) {
        self.add(position.saturating_sub(1), position);
    }

    /// Takes all of them out.
    pub fn take(&mut self) -> impl Iterator<Item = (u64, u64)> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_hold_what_was_added_and_lie_apart(added in prop::collection::vec((0..40_u64, 0..6_u64), 0..20)) {
            let (mut parts, mut expected) = (Parts::default(), BTreeSet::new());
            for (after, len) in added {
                parts.add(after, after + len);
                expected.extend(after + 1..=after + len);
            }
            let parts: Vec<(u64, u64)> = parts.take().collect();
            let held: BTreeSet<u64> = parts.iter().flat_map(|(after, upto)| after + 1..=*upto).collect();
            prop_assert_eq!(held, expected);
            prop_assert!(parts.windows(2).all(|two| two[0].1 < two[1].0), "{:?}", parts);
        }
    }

    #[test]
    fn parts_are_bounded() {
        let mut parts = Parts::default();
        for n in 0..2_000 {
            parts.add_one(2 * n + 1);
        }
        assert_eq!(parts.take().count(), MAX_PARTS);
        assert!(parts.is_empty());
    }
}
