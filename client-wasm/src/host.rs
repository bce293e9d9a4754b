//! What the machine lends: a clock, randomness, timers. Works in a page, in a worker and in Node alike.

use alloc::rc::Rc;
use core::cell::RefCell;

use tidings_client_core::Instant;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = Math)]
    fn round(number: f64) -> f64;
    #[wasm_bindgen(js_namespace = Math)]
    fn ceil(number: f64) -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(buffer: &mut [u8]);
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(id: &JsValue);
}

/// Longest wait that `setTimeout` takes, in milliseconds; a longer one would fire at once.
const LONGEST_WAIT_MS: f64 = 2_147_483_647.0;

/// Now, on a clock that never goes back.
pub(crate) fn now() -> Instant {
    // Neither negative nor near 2^53: the cast loses fractions only.
    Instant::from_millis(performance_now() as u64)
}

/// A moment of that clock as milliseconds since the Unix epoch.
pub(crate) fn to_epoch_ms(moment: Instant) -> f64 {
    let ahead = moment.as_millis() as f64 - performance_now();
    round(date_now() + ahead)
}

/// Seconds since the Unix epoch.
pub(crate) fn epoch_seconds() -> f64 {
    date_now() / 1_000.0
}

/// 128 random bits.
pub(crate) fn seed() -> [u64; 2] {
    let mut bytes = [0; 16];
    get_random_values(&mut bytes);
    let (low, high) = bytes.split_at(8);
    let number = |half: &[u8]| half.iter().fold(0, |n, byte| (n << 8) | u64::from(*byte));
    [number(low), number(high)]
}

/// One timer that can be set anew; dropping it stops it.
pub(crate) struct Timer {
    set: Rc<RefCell<Option<JsValue>>>,
    callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// A timer that calls `wake` each time that it runs out.
    pub(crate) fn new(wake: impl Fn() + 'static) -> Self {
        let set = Rc::new(RefCell::new(None));
        let fired = Rc::clone(&set);
        let callback = Closure::new(move || {
            fired.replace(None);
            wake();
        });
        Self { set, callback }
    }

    /// Runs out at `moment`, in place of the moment before; `None`: not at all.
    pub(crate) fn set(&self, moment: Option<Instant>) {
        if let Some(id) = self.set.take() {
            clear_timeout(&id);
        }
        if let Some(moment) = moment {
            // Rounded up: a timer that is early would only be set again.
            let wait = ceil(moment.as_millis() as f64 - performance_now()).clamp(0.0, LONGEST_WAIT_MS);
            self.set.replace(Some(set_timeout(self.callback.as_ref(), wait)));
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.set(None);
    }
}
