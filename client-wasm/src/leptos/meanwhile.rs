//! What the connection tells while a page is on its way over HTTP. The page may have been read before it, and must not
//! undo it.

use std::collections::VecDeque;

/// Most changes that are kept; of more, the oldest go.
const MOST: usize = 1_000;

/// Changes, in the order in which they came, as long as any page is on its way.
#[derive(Clone, Debug)]
pub(super) struct Meanwhile<T> {
    changes: VecDeque<T>,
    dropped: usize,
    asked: usize,
}

/// A page that is on its way.
#[derive(Debug)]
#[must_use = "the page came, or it did not"]
pub struct Asked(usize);

/// What came since a page was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Came<T> {
    pub(super) changes: Vec<T>,
    /// Whether these are all.
    pub(super) whole: bool,
}

impl<T> Default for Meanwhile<T> {
    fn default() -> Self {
        Self { changes: VecDeque::new(), dropped: 0, asked: 0 }
    }
}

impl<T: Clone> Meanwhile<T> {
    /// A page is asked for.
    pub(super) fn ask(&mut self) -> Asked {
        self.asked += 1;
        Asked(self.dropped + self.changes.len())
    }

    /// Something changed.
    pub(super) fn note(&mut self, change: impl FnOnce() -> T) {
        if self.asked == 0 {
            return;
        }
        if self.changes.len() == MOST {
            self.changes.pop_front();
            self.dropped += 1;
        }
        self.changes.push_back(change());
    }

    /// The page came, or did not.
    pub(super) fn came(&mut self, Asked(at): Asked) -> Came<T> {
        let changes = self.changes.iter().skip(at.saturating_sub(self.dropped)).cloned().collect();
        let whole = at >= self.dropped;
        self.asked -= 1;
        if self.asked == 0 {
            self.dropped += self.changes.len();
            self.changes.clear();
        }
        Came { changes, whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(changes: impl IntoIterator<Item = usize>, whole: bool) -> Came<usize> {
        Came { changes: changes.into_iter().collect(), whole }
    }

    #[test]
    fn each_page_is_given_what_came_since_it_was_asked_for_and_nothing_is_kept_without_one() {
        let mut meanwhile = Meanwhile::default();
        meanwhile.note(|| 0);
        let first = meanwhile.ask();
        meanwhile.note(|| 1);
        let second = meanwhile.ask();
        meanwhile.note(|| 2);
        assert_eq!(meanwhile.came(first), came([1, 2], true));
        meanwhile.note(|| 3);
        assert_eq!(meanwhile.came(second), came([2, 3], true));
        assert!(meanwhile.changes.is_empty());
        let third = meanwhile.ask();
        assert_eq!(meanwhile.came(third), came([], true));
    }

    #[test]
    fn of_too_many_the_oldest_go_and_that_is_told() {
        let mut meanwhile = Meanwhile::default();
        let first = meanwhile.ask();
        (0..=MOST).for_each(|n| meanwhile.note(|| n));
        let later = meanwhile.ask();
        meanwhile.note(|| MOST + 1);
        assert_eq!(meanwhile.came(first), came(2..MOST + 2, false));
        assert_eq!(meanwhile.came(later), came([MOST + 1], true));
    }
}
