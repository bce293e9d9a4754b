//! What the machine lends: a clock, randomness, timers, and the one way in which it calls back. Works in a page, in a
//! worker and in Node alike.
//!
//! What is all promises, events and objects of the browser is in `browser.js`: there it is a few words. What follows from
//! it is decided in Rust.

use alloc::string::String;

use tidings_client_core::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/browser.js")]
extern "C" {
    type Alarm;

    #[wasm_bindgen(constructor)]
    fn new(tell: &Callback) -> Alarm;
    #[wasm_bindgen(method)]
    fn set(this: &Alarm, moment: Option<f64>);

    // Static functions of a class: a function of its own would be imported past the bindings, where it could not become
    // part of them.
    type Clock;

    #[wasm_bindgen(static_method_of = Clock)]
    fn now() -> f64;
    #[wasm_bindgen(static_method_of = Clock)]
    fn epoch(moment: f64) -> f64;

    type Dice;

    #[wasm_bindgen(static_method_of = Dice)]
    fn roll() -> u64;
}

/// By what all JavaScript of this crate calls back: what happened, and a number and a text that belong to it. There is
/// one kind, of plain values, since each further one costs a page bytes on both sides.
pub(crate) type Callback = Closure<dyn Fn(u32, u32, String)>;

pub(crate) fn callback(tell: impl Fn(u32, u32, String) + 'static) -> Callback {
    Closure::new(tell)
}

/// Now, on a clock that never goes back.
pub(crate) fn now() -> Instant {
    // Neither negative nor near 2^53: the cast loses fractions only.
    Instant::from_millis(Clock::now() as u64)
}

/// A moment of that clock as milliseconds since the Unix epoch.
pub(crate) fn to_epoch_ms(moment: Instant) -> u64 {
    Clock::epoch(moment.as_millis() as f64) as u64
}

/// 128 random bits.
pub(crate) fn seed() -> [u64; 2] {
    [Dice::roll(), Dice::roll()]
}

/// One timer that can be set anew; dropping it stops it.
pub(crate) struct Timer {
    alarm: Alarm,
    _wake: Callback,
}

impl Timer {
    /// A timer that calls `wake` each time that it runs out.
    pub(crate) fn new(wake: impl Fn() + 'static) -> Self {
        let wake = callback(move |_, _, _| wake());
        Self { alarm: Alarm::new(&wake), _wake: wake }
    }

    /// Runs out at `moment`, in place of the moment before; `None`: not at all.
    pub(crate) fn set(&self, moment: Option<Instant>) {
        self.alarm.set(moment.map(|moment| moment.as_millis() as f64));
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.set(None);
    }
}
