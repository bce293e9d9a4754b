//! Writes one JSON object, field by field.

use alloc::string::String;

/// A JSON object in the making.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    /// The start of a client frame.
    pub(crate) fn frame(kind: &str, id: Option<&str>) -> Self {
        let mut object = Self::new();
        object.text("type", kind);
        if let Some(id) = id {
            object.text("id", id);
        }
        object
    }

    /// A string field.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        quote(&mut self.0, value);
    }

    /// A number field.
    pub(crate) fn number(&mut self, key: &str, value: u64) {
        self.key(key);
        push_number(&mut self.0, value);
    }

    /// A number field whose key is not one of ours.
    pub(crate) fn number_under(&mut self, key: &str, value: u64) {
        self.separate();
        quote(&mut self.0, key);
        self.0.push(':');
        push_number(&mut self.0, value);
    }

    /// A field that is true or false.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.raw(key, if value { "true" } else { "false" });
    }

    /// A field whose value is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) {
        self.key(key);
        self.0.push_str(json);
    }

    /// The object's text.
    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }

    fn separate(&mut self) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }
}

/// Appends a string literal.
pub(crate) fn quote(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push(if c < '\u{10}' { '0' } else { '1' });
                out.push(char::from(b"0123456789abcdef"[c as usize & 15]));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push_number(out: &mut String, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    for &digit in &digits[at..] {
        out.push(char::from(digit));
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut object = Object::frame("T", Some("a\"b"));
        object.text("content", "line\n\u{1}\u{1f}\\ \u{1F600}");
        object.number("zero", 0);
        object.number("max", u64::MAX);
        object.flag("remove", true);
        object.raw("data", "{}");
        let value: serde_json::Value = serde_json::from_str(&object.end()).unwrap();
        let expected = serde_json::json!({"type": "T", "id": "a\"b", "content": "line\n\u{1}\u{1f}\\ \u{1F600}",
            "zero": 0, "max": u64::MAX, "remove": true, "data": {}});
        assert_eq!(value, expected);
    }
}
