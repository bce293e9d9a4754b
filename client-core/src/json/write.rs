//! Writes JSON: one object field by field, or rows of plain values.

use alloc::borrow::ToOwned;
use alloc::string::String;

/// A JSON object in the making.
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    /// An object that was ended before, to be added to.
    pub(crate) fn reopen(text: &str) -> Self {
        Self(text.strip_suffix('}').unwrap_or(text).to_owned())
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

    /// A server frame of our own making.
    pub(crate) fn event(category: &str, kind: &str, data: Self, time: &str) -> String {
        let mut frame = Self::new();
        frame.text("category", category);
        frame.text("type", kind);
        frame.raw("data", &data.end());
        frame.text("timestamp", time);
        frame.end()
    }

    /// A string field.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        quote(&mut self.0, value);
    }

    /// A string field: a name with a number behind it.
    pub(crate) fn numbered(&mut self, key: &str, name: &str, number: u64) {
        self.text(key, name);
        self.0.pop();
        self.0.push('~');
        push_number(&mut self.0, number);
        self.0.push('"');
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
        separate(&mut self.0);
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }
}

/// A room with its position, as bodies and `RESUME` name it.
pub(crate) fn position(room: &str, after: Option<u64>) -> String {
    let mut entry = Object::new();
    entry.text("roomId", room);
    if let Some(seq) = after {
        entry.number("afterSeq", seq);
    }
    entry.end()
}

/// Arrays in arrays in the making: how events are handed over where each value by itself would cost more.
///
/// ```
/// let mut rows = tidings_client_core::json::Rows::default();
/// rows.open();
/// rows.open();
/// rows.number(1);
/// rows.text("a\"b");
/// rows.close();
/// rows.raw("null");
/// rows.close();
/// assert_eq!(rows.into_text(), r#"[[1,"a\"b"],null]"#);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Rows(String);

impl Rows {
    /// Begins an array.
    pub fn open(&mut self) {
        self.raw("[");
    }

    /// Ends the array begun last.
    pub fn close(&mut self) {
        self.0.push(']');
    }

    /// A string.
    pub fn text(&mut self, value: &str) {
        separate(&mut self.0);
        quote(&mut self.0, value);
    }

    /// A number.
    pub fn number(&mut self, value: u64) {
        separate(&mut self.0);
        push_number(&mut self.0, value);
    }

    /// What is JSON already.
    pub fn raw(&mut self, json: &str) {
        separate(&mut self.0);
        self.0.push_str(json);
    }

    /// The text so far.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Nothing stands between an opening bracket and what follows it.
fn separate(out: &mut String) {
    if !matches!(out.as_bytes().last(), None | Some(b'[' | b'{')) {
        out.push(',');
    }
}

/// Appends a string literal: what needs no escape goes over in one piece.
pub(crate) fn quote(out: &mut String, value: &str) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(value.get(start..at).unwrap_or_default());
        start = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            _ => {
                out.push_str(if byte < 16 { "\\u000" } else { "\\u001" });
                out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(value.get(start..).unwrap_or_default());
    out.push('"');
}

pub(super) fn push_number(out: &mut String, value: u64) {
    if value > 9 {
        push_number(out, value / 10);
    }
    out.push(char::from(b'0' + (value % 10) as u8));
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
