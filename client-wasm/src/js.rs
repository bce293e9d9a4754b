//! What JavaScript sees: one class with one method, that the typed face in `npm/src` wraps.
//!
//! Both ways go JSON texts of small arrays, whose first element says what follows: a browser parses one text faster than
//! it is handed many values, and each method, and each kind of value, would be code on both sides. No object of these
//! reaches an app, so that nobody has to free one.

mod act;
mod allocator;
mod convert;
mod options;

use alloc::rc::Rc;
use alloc::string::String;
use core::cell::OnceCell;

use wasm_bindgen::prelude::*;

use self::options::{Asked, Face};
use crate::client::Client;
use crate::notifications::NotificationClient;

/// The client, with its notification stream.
#[wasm_bindgen(js_name = Core)]
pub struct JsClient {
    client: Client,
    /// Once it was asked for.
    stream: OnceCell<NotificationClient>,
    face: Rc<Face>,
    asked: Rc<Asked>,
}

#[wasm_bindgen(js_class = Core)]
impl JsClient {
    /// A client that does nothing yet. `options` is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, face: Face) -> Self {
        let (face, asked) = (Rc::new(face), Rc::default());
        let client = Client::new(options::config(options, &face, &asked));
        let told = Rc::clone(&face);
        client.subscribe_batches(move |events| told.tell(&convert::events(events))).forget();
        Self { client, stream: OnceCell::new(), face, asked }
    }

    /// Does what a command says, as `npm/src/commands.ts` has them. The answer is JSON, or empty where there is nothing to
    /// say; none where an id is none, or there is not what was asked for.
    pub fn act(&self, command: &str) -> Option<String> {
        act::act(self, command)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use alloc::string::{String, ToString};

    /// The numbers that a text gives names to: each name with what stands behind the `=`.
    fn numbers(text: &str) -> BTreeMap<String, u64> {
        let named = |line: &str| {
            let (name, number) = line.split_once("const ")?.1.split_once(" = ")?;
            let name = name.split(':').next()?.to_string();
            Some((name, number.strip_suffix(';')?.parse().ok()?))
        };
        text.lines().filter_map(named).collect()
    }

    #[test]
    fn both_ends_have_the_same_numbers() {
        let mut ours = numbers(include_str!("js/act.rs"));
        ours.extend(numbers(include_str!("js/convert.rs")));
        let mut theirs = numbers(include_str!("../npm/src/commands.ts"));
        theirs.extend(numbers(include_str!("../npm/src/core-events.ts")));
        assert_eq!(ours.remove("NETWORK"), Some(0), "the face asks for what is above it");
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 37);
    }
}
