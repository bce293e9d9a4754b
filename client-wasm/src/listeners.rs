//! Callbacks that may come and go while they are called.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

/// The callbacks of one source of events. No borrow is held while one of them runs, so that it may add and remove
/// others, or itself.
pub(crate) struct Listeners<E: ?Sized> {
    last: Cell<u32>,
    entries: RefCell<Vec<Entry<E>>>,
}

type Entry<E> = (u32, Rc<dyn Fn(&E)>);

impl<E: ?Sized + 'static> Listeners<E> {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { last: Cell::new(0), entries: RefCell::new(Vec::new()) })
    }

    pub(crate) fn add(self: &Rc<Self>, callback: impl Fn(&E) + 'static) -> Subscription {
        let id = self.last.get() + 1;
        self.last.set(id);
        self.entries.borrow_mut().push((id, Rc::new(callback)));
        let listeners = Rc::downgrade(self);
        Subscription(Some(Box::new(move || {
            if let Some(listeners) = listeners.upgrade() {
                let removed = {
                    let mut entries = listeners.entries.borrow_mut();
                    entries.iter().position(|(other, _)| *other == id).map(|at| entries.remove(at))
                };
                // Only here, outside the borrow: what a callback holds may have a say in its own end.
                drop(removed);
            }
        })))
    }

    /// Calls those that are registered now. One that is removed meanwhile is not called any more.
    pub(crate) fn emit(&self, event: &E) {
        let newest = self.last.get();
        let mut done = 0;
        loop {
            let next = self.entries.borrow().iter().find(|(id, _)| (done + 1..=newest).contains(id)).cloned();
            let Some((id, callback)) = next else { return };
            callback(event);
            done = id;
        }
    }
}

/// A callback's registration: it ends when this is dropped.
#[must_use = "the callback is removed when its subscription is dropped"]
pub struct Subscription(Option<Box<dyn FnOnce()>>);

impl Subscription {
    /// Leaves the callback registered for as long as its source lives.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(remove) = self.0.take() {
            remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_may_remove_itself_and_the_next_one() {
        let listeners = Listeners::<u32>::new();
        let heard = Rc::new(RefCell::new(Vec::new()));
        let hold: Rc<RefCell<Vec<Subscription>>> = Rc::default();
        let (log, rest) = (Rc::clone(&heard), Rc::clone(&hold));
        let first = listeners.add(move |n| {
            log.borrow_mut().push(*n);
            let removed = rest.take();
            drop(removed);
        });
        let log = Rc::clone(&heard);
        let second = listeners.add(move |n| log.borrow_mut().push(*n * 10));
        hold.borrow_mut().extend([first, second]);
        listeners.emit(&1);
        listeners.emit(&2);
        assert_eq!(*heard.borrow(), [1]);
    }
}
