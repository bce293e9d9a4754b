//! As much JSON as a client needs: a scanner that finds the fields it steers by, and writers for what it sends and tells.
//!
//! Derived serde would cost a browser more than the whole session does. A value is given as its own JSON text, "raw": a
//! part of the text that was read.

pub(crate) mod scan;
pub(crate) mod write;

use alloc::string::String;
use alloc::vec::Vec;

use scan::Scanner;
pub use scan::{number, string, text};
pub use write::Rows;

/// A field of an object, raw; `None` where the text holds no object, or one without it.
#[must_use]
pub fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut scanner = Scanner::new(text);
    scanner.enter()?;
    while let Some((key, value)) = scanner.field()? {
        if key == name.as_bytes() {
            return Some(value.of(text));
        }
    }
    None
}

/// A string field's text.
pub(crate) fn text_of(text: &str, name: &str) -> Option<String> {
    field(text, name).and_then(scan::text)
}

/// A number field's value.
pub(crate) fn number_of(text: &str, name: &str) -> Option<u64> {
    field(text, name).and_then(scan::number)
}

/// The items of an array, raw; `None` where the text holds no array.
#[must_use]
pub fn items(text: &str) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(text);
    scanner.enter_array()?;
    let mut items = Vec::new();
    while let Some(item) = scanner.item()? {
        items.push(item.of(text));
    }
    Some(items)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn fields_and_items_are_parts_of_the_text() {
        let text = r#" {"a":{"b":1},"b":[ "x,]", {"c":[2]} ,null],"c":"" }"#;
        assert_eq!(field(text, "a"), Some(r#"{"b":1}"#));
        assert_eq!(field(text, "b").and_then(items), Some(vec![r#""x,]""#, r#"{"c":[2]}"#, "null"]));
        assert_eq!((field(text, "d"), field("[1]", "a"), field("", "a")), (None, None, None));
        assert_eq!((items("[]"), items("{}"), items("[1"), items("")), (Some(vec![]), None, None, None));
    }
}
