//! What is to be done, in order.

use alloc::vec::Vec;

/// First in, first out. It is emptied before long, so that no place is used twice: a ring costs a browser more.
#[derive(Debug)]
pub struct Queue<T> {
    items: Vec<Option<T>>,
    /// How many of them were taken.
    taken: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { items: Vec::new(), taken: 0 }
    }
}

impl<T> Queue<T> {
    /// Puts an item behind all others.
    pub fn push(&mut self, item: T) {
        self.items.push(Some(item));
    }

    /// Takes the one that has waited for longest.
    pub fn pop(&mut self) -> Option<T> {
        let Some(item) = self.items.get_mut(self.taken) else {
            self.items.clear();
            self.taken = 0;
            return None;
        };
        self.taken += 1;
        item.take()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_came_first_goes_first_also_when_more_comes_meanwhile() {
        let mut queue = Queue::default();
        assert_eq!(queue.pop(), None);
        queue.push(1);
        queue.push(2);
        assert_eq!(queue.pop(), Some(1));
        queue.push(3);
        assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(2), Some(3), None));
        queue.push(4);
        assert_eq!((queue.pop(), queue.pop()), (Some(4), None));
    }
}
