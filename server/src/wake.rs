//! Which of its sources woke a task: one that did not is not looked at again.
//!
//! A task that waits for its socket, its timer and its outbox is woken mostly by the outbox. Without this it would
//! ask the other two each time, which costs more than what it was woken for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use parking_lot::Mutex;

/// One source of a task's wake-ups.
#[derive(Debug)]
pub struct Source {
    bell: Arc<Bell>,
    waker: Waker,
    /// The task that is woken; it may change between two looks.
    task: Option<Waker>,
}

#[derive(Debug, Default)]
struct Bell {
    rang: AtomicBool,
    /// It stays when it has been woken: a ring that is heard twice must not leave the next one unheard.
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        let task = self.task.lock().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Default for Source {
    fn default() -> Self {
        let bell = Arc::new(Bell::default());
        Self { waker: Waker::from(Arc::clone(&bell)), bell, task: None }
    }
}

impl Source {
    /// Whether the source is to be polled, with [`Source::waker`]: it has rung since it was last, or `cx` is of
    /// another task than then.
    pub fn rang(&mut self, cx: &Context<'_>) -> bool {
        let known = self.task.as_ref().is_some_and(|task| task.will_wake(cx.waker()));
        if !known {
            self.task = Some(cx.waker().clone());
            *self.bell.task.lock() = Some(cx.waker().clone());
        } else if !self.bell.rang.load(Ordering::Acquire) {
            return false;
        }
        self.bell.rang.store(false, Ordering::Release);
        true
    }

    /// The source has more: it is to be polled again.
    pub fn ring(&self) {
        self.bell.rang.store(true, Ordering::Release);
    }

    /// What the source is polled with.
    #[must_use]
    pub const fn waker(&self) -> &Waker {
        &self.waker
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_source_is_looked_at_once_for_each_time_it_rang() {
        let counter = Arc::new(Counter::default());
        let task = Waker::from(Arc::clone(&counter));
        let cx = Context::from_waker(&task);
        let mut source = Source::default();
        assert!(source.rang(&cx), "nobody has looked yet");
        assert!(!source.rang(&cx));
        for rings in 1..3 {
            source.waker().wake_by_ref();
            assert_eq!(counter.0.load(Ordering::Relaxed), rings);
            assert!(source.rang(&cx));
            assert!(!source.rang(&cx));
        }
    }

    #[test]
    fn another_task_looks_for_itself_and_is_woken_from_then_on() {
        let (first, second) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        let (one, other) = (Waker::from(Arc::clone(&first)), Waker::from(Arc::clone(&second)));
        let mut source = Source::default();
        assert!(source.rang(&Context::from_waker(&one)));
        assert!(source.rang(&Context::from_waker(&other)));
        source.waker().wake_by_ref();
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
    }
}
