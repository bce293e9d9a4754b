//! An event stream's events, out of chunks that end anywhere.

use alloc::borrow::ToOwned;
use alloc::string::String;

/// Longest event, in bytes: the largest frame and more than that. A longer one is left out.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its name; `message` is written as nothing.
    pub name: String,
    /// Its lines of data.
    pub data: String,
    /// Its `id`, where it has one.
    pub id: Option<String>,
}

/// A stream in the reading. Comments and fields that say nothing here are passed over.
#[derive(Debug, Default)]
pub struct EventStream {
    text: String,
    /// Up to where it was read.
    at: usize,
    event: StreamEvent,
    has_data: bool,
}

impl EventStream {
    /// The stream goes on.
    pub fn push(&mut self, chunk: &str) {
        self.text = self.text.split_off(self.at);
        self.at = 0;
        self.text.push_str(chunk);
        if self.text.len() > MAX_EVENT {
            self.text.clear();
        }
    }

    /// The next event that is whole.
    pub fn next_event(&mut self) -> Option<StreamEvent> {
        loop {
            let rest = self.text.get(self.at..)?;
            let end = rest.bytes().position(|byte| byte == b'\n')?;
            let line = rest.get(..end)?.to_owned();
            self.at += end + 1;
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if line.is_empty() {
                let event = core::mem::take(&mut self.event);
                if core::mem::take(&mut self.has_data) {
                    return Some(event);
                }
                continue;
            }
            let colon = line.bytes().position(|byte| byte == b':').unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            let field = line.get(..colon).unwrap_or_default();
            self.field(field, value.strip_prefix(' ').unwrap_or(value));
        }
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => self.event.name = value.to_owned(),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                if self.event.data.len() + value.len() <= MAX_EVENT {
                    self.event.data.push_str(value);
                }
                self.has_data = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn events_are_the_same_wherever_the_chunks_end() {
        let text = "retry: 2000\nevent: frame\ndata: {\"a\":\"\u{1F600}\"}\n\n: keep-alive\n\n\
                    event:state\r\nid: 7\r\ndata: one\r\ndata:two\r\n\r\ndata\n\nevent: cut\ndata: of";
        let event = |name: &str, data: &str, id: Option<&str>| StreamEvent {
            name: name.into(),
            data: data.into(),
            id: id.map(Into::into),
        };
        let expected = [
            event("frame", "{\"a\":\"\u{1F600}\"}", None),
            event("state", "one\ntwo", Some("7")),
            event("", "", None),
        ];
        for size in 1..text.len() {
            let mut stream = EventStream::default();
            let mut events = Vec::new();
            for chunk in text.chars().collect::<Vec<_>>().chunks(size) {
                stream.push(&String::from_iter(chunk));
                events.extend(core::iter::from_fn(|| stream.next_event()));
            }
            assert_eq!(events, expected, "in chunks of {size}");
        }
    }
}
