//! One server frame: its envelope and the few fields that a session steers by. The rest stays text.

mod kind;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;

use crate::json::scan::{self, Scanner, Span};
pub use kind::Kind;

macro_rules! fields {
    ($($name:ident = $key:literal,)*) => {
        #[allow(non_camel_case_types, reason = "only to count the fields")]
        enum Place { $($name,)* Count }

        /// Names of the fields of `data` that a session reads.
        const KEYS: [&[u8]; Place::Count as usize] = [$($key,)*];

        /// Places of these fields in a frame's text.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(crate) struct Fields([Span; Place::Count as usize]);

        impl Fields {
            $(pub(crate) const fn $name(&self) -> Span {
                self.0[Place::$name as usize]
            })*

            /// Looked up in a table: that costs a browser less than a `match`.
            fn set(&mut self, key: &[u8], value: Span) {
                if let Some(at) = KEYS.iter().position(|k| *k == key) {
                    self.0[at] = value;
                }
            }
        }
    };
}

fields! {
    id = b"id",
    room_id = b"roomId",
    message_id = b"messageId",
    client_id = b"clientId",
    sender_id = b"senderId",
    user_id = b"userId",
    seq = b"seq",
    inbox_seq = b"inboxSeq",
    duplicate = b"duplicate",
    replay_from = b"replayFrom",
    head_seq = b"headSeq",
    code = b"code",
    retry_after_ms = b"retryAfterMs",
    inbox = b"inbox",
    from = b"from",
    to = b"to",
    reason = b"reason",
    member = b"member",
    epoch = b"epoch",
    cursor = b"cursor",
    heartbeat_ms = b"heartbeatMs",
    max_content_bytes = b"maxContentBytes",
    frames_per_second = b"framesPerSecond",
    frame_burst = b"frameBurst",
}

/// One server frame. The text is whole; `data` is to be parsed by whoever shows it.
#[derive(Clone, PartialEq)]
pub struct Frame(Box<Parts>);

/// Its text and the places in it: large, and often moved.
#[derive(Clone, PartialEq)]
struct Parts {
    text: String,
    kind: Kind,
    category: Span,
    name: Span,
    data: Span,
    timestamp: Span,
    fields: Fields,
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl Frame {
    /// Reads a frame's envelope; the text comes back where it is none.
    pub(crate) fn read(text: String) -> Result<Self, String> {
        let mut parts = Parts {
            text,
            kind: Kind::Unknown,
            category: Span::default(),
            name: Span::default(),
            data: Span::default(),
            timestamp: Span::default(),
            fields: Fields::default(),
        };
        match parts.scan() {
            Some(()) => Ok(Self(Box::new(parts))),
            None => Err(parts.text),
        }
    }
}

impl Parts {
    fn scan(&mut self) -> Option<()> {
        let text = self.text.as_str();
        let mut scanner = Scanner::new(text);
        scanner.enter()?;
        while let Some((key, value)) = scanner.field()? {
            match key {
                b"category" => self.category = value,
                b"type" => self.name = value,
                b"data" => self.data = value,
                b"timestamp" => self.timestamp = value,
                _ => {}
            }
        }
        if !scanner.is_done() {
            return None;
        }
        self.kind = Kind::new(&scan::string(self.category.of(text))?, &scan::string(self.name.of(text))?);
        if self.data.of(text).starts_with('{') {
            let mut scanner = Scanner::at(text, self.data);
            scanner.enter()?;
            while let Some((key, value)) = scanner.field()? {
                self.fields.set(key, value);
            }
        }
        Some(())
    }
}

impl Frame {
    /// What the frame is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The category's name.
    #[must_use]
    pub fn category(&self) -> Cow<'_, str> {
        self.text_of(self.0.category).unwrap_or_default()
    }

    /// The type's name.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        self.text_of(self.0.name).unwrap_or_default()
    }

    /// The JSON text of `data`; empty where there is none.
    #[must_use]
    pub fn data(&self) -> &str {
        self.0.data.of(&self.0.text)
    }

    /// The server's time, RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> Cow<'_, str> {
        self.text_of(self.0.timestamp).unwrap_or_default()
    }

    /// The frame's whole JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The frame's whole JSON text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0.text
    }

    /// `data.roomId`.
    #[must_use]
    pub fn room_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.0.fields.room_id())
    }

    /// `data.seq`.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.number_of(self.0.fields.seq())
    }

    /// `data.inboxSeq`.
    #[must_use]
    pub fn inbox_seq(&self) -> Option<u64> {
        self.number_of(self.0.fields.inbox_seq())
    }

    /// `data.messageId`.
    #[must_use]
    pub fn message_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.0.fields.message_id())
    }

    /// `data.clientId`: the id of the client frame that made the entry.
    #[must_use]
    pub fn client_id(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.0.fields.client_id())
    }

    /// `data.cursor`: the position of a notification.
    #[must_use]
    pub fn cursor(&self) -> Option<Cow<'_, str>> {
        self.text_of(self.0.fields.cursor())
    }

    /// Where the fields of `data` are.
    pub(crate) fn fields(&self) -> &Fields {
        &self.0.fields
    }

    pub(crate) fn text_of(&self, span: Span) -> Option<Cow<'_, str>> {
        scan::string(span.of(&self.0.text))
    }

    pub(crate) fn owned(&self, span: Span) -> Option<String> {
        scan::text(span.of(&self.0.text))
    }

    pub(crate) fn number_of(&self, span: Span) -> Option<u64> {
        scan::number(span.of(&self.0.text))
    }

    pub(crate) fn is_true(&self, span: Span) -> bool {
        span.of(&self.0.text) == "true"
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn nested_fields_are_not_mistaken_for_those_of_data() {
        let text =
            r#"{"type":"MESSAGE","data":{"nested":{"seq":7},"seq":3,"roomId":"a\"b"},"category":"CHAT"}"#;
        let frame = Frame::read(text.to_owned()).unwrap();
        assert_eq!(frame.kind(), Kind::ChatMessage);
        assert_eq!((frame.seq(), frame.room_id().as_deref()), (Some(3), Some("a\"b")));
        assert_eq!(frame.data(), r#"{"nested":{"seq":7},"seq":3,"roomId":"a\"b"}"#);
    }
}
