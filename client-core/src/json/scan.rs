//! Walks over JSON text without building anything: where a field's value starts and ends, and no more.

use alloc::borrow::Cow;
use alloc::string::String;

use super::write::push_number;

/// A value's place in the text, as bytes from start to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The value's text. An empty span is no value.
    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// The text with another number in the value's place.
    pub(crate) fn replaced(self, text: &str, number: u64) -> String {
        let mut new = String::from(text.get(..self.start as usize).unwrap_or(""));
        push_number(&mut new, number);
        new.push_str(text.get(self.end as usize..).unwrap_or(""));
        new
    }
}

/// A place in a JSON text, moving forward.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), at: 0 }
    }

    /// A scanner over the same text that starts at a value's first byte.
    pub(crate) const fn at(text: &'a str, span: Span) -> Self {
        Self { bytes: text.as_bytes(), at: span.start as usize }
    }

    /// Steps into an object.
    pub(crate) fn enter(&mut self) -> Option<()> {
        self.eat(b'{')
    }

    /// The next field of the object stepped into: its raw key and its value. `Some(None)` at the object's end.
    #[allow(clippy::option_option)] // malformed, the end, a field: three answers
    pub(crate) fn field(&mut self) -> Option<Option<(&'a [u8], Span)>> {
        self.skip_space();
        match self.peek()? {
            b'}' => {
                self.at += 1;
                return Some(None);
            }
            b',' => {
                self.at += 1;
                self.skip_space();
            }
            _ => {}
        }
        let start = self.at + 1;
        self.skip_string()?;
        let key = self.bytes.get(start..self.at - 1)?;
        self.eat(b':')?;
        self.skip_space();
        Some(Some((key, self.skip_value()?)))
    }

    /// Steps into an array.
    pub(crate) fn enter_array(&mut self) -> Option<()> {
        self.eat(b'[')
    }

    /// The next item of the array stepped into. `Some(None)` at the array's end.
    #[allow(clippy::option_option)] // malformed, the end, an item: three answers
    pub(crate) fn item(&mut self) -> Option<Option<Span>> {
        self.skip_space();
        match self.peek()? {
            b']' => {
                self.at += 1;
                return Some(None);
            }
            b',' => {
                self.at += 1;
                self.skip_space();
            }
            _ => {}
        }
        Some(Some(self.skip_value()?))
    }

    /// Whether nothing but white space is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.skip_space();
        self.at == self.bytes.len()
    }

    fn skip_value(&mut self) -> Option<Span> {
        let start = self.at;
        match self.peek()? {
            b'"' => self.skip_string()?,
            b'{' | b'[' => self.skip_nested()?,
            _ => {
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E')) {
                    self.at += 1;
                }
            }
        }
        if self.at == start {
            return None;
        }
        Some(Span { start: u32::try_from(start).ok()?, end: u32::try_from(self.at).ok()? })
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// A string value's text, unescaped; `None` where the value is no string.
#[must_use]
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    unquoted(raw.strip_prefix('"')?.strip_suffix('"')?)
}

/// A string value's text, unescaped and owned; `None` where the value is no string.
#[must_use]
pub fn text(raw: &str) -> Option<String> {
    string(raw).map(Cow::into_owned)
}

/// A string's text, unescaped, from what stands between its quotes.
pub(crate) fn unquoted(inner: &str) -> Option<Cow<'_, str>> {
    if inner.bytes().any(|byte| byte == b'\\') {
        unescape(inner).map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// A whole number's value; `None` for anything else, and from 2^53 on: the contract has no such numbers, and below them no
/// sum of two overflows.
#[must_use]
pub fn number(raw: &str) -> Option<u64> {
    if raw.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for digit in raw.bytes() {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    (value < 1 << 53).then_some(value)
}

fn unescape(inner: &str) -> Option<String> {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        text.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let mut code = hex4(&mut chars)?;
                let mut ahead = chars.clone();
                if (0xD800..0xDC00).contains(&code)
                    && ahead.next() == Some('\\')
                    && ahead.next() == Some('u')
                    && let Some(low) = hex4(&mut ahead)
                    && (0xDC00..0xE000).contains(&low)
                {
                    code = 0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                    chars = ahead;
                }
                // Half a pair is no character: a text that JavaScript has cut there.
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            literal => literal,
        });
    }
    Some(text)
}

fn hex4(chars: &mut core::str::Chars<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn fields(text: &str) -> Option<Vec<(String, String)>> {
        let mut scanner = Scanner::new(text);
        scanner.enter()?;
        let mut found = Vec::new();
        while let Some((key, value)) = scanner.field()? {
            found.push((String::from_utf8(key.to_vec()).ok()?, value.of(text).to_owned()));
        }
        scanner.is_done().then_some(found)
    }

    #[test]
    fn fields_are_found_whatever_lies_between_them() {
        let text = r#" { "a" : [1,{"b":"]}\""}] , "c":"x\\" ,"d":-1.5e3,"e":null,"f":{} } "#;
        let found = fields(text).unwrap();
        let values: Vec<&str> = found.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(values, [r#"[1,{"b":"]}\""}]"#, r#""x\\""#, "-1.5e3", "null", "{}"]);
    }

    #[test]
    fn broken_text_is_told_from_whole_text() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1"#,
            r#"{"a":"x}"#,
            r#"{"a":1} x"#,
            r#"{"a":"\"#,
        ] {
            assert_eq!(fields(text), None, "{text}");
        }
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(string(r#""a\"\\\/\n\u00e9\ud83d\ude00b""#).as_deref(), Some("a\"\\/\n\u{e9}\u{1F600}b"));
        assert_eq!(string(r#""a\ud83d""#).as_deref(), Some("a\u{fffd}"), "half a surrogate pair");
        assert_eq!(
            string(r#""\ud83d\n\ude00\ud83d\ud83d\ude00""#).as_deref(),
            Some("\u{fffd}\n\u{fffd}\u{fffd}\u{1F600}")
        );
        assert_eq!(string(r#""\ud8""#), None, "no number");
        assert_eq!(string("12"), None);
    }

    #[test]
    fn only_whole_numbers_are_numbers() {
        assert_eq!(number("9007199254740991"), Some(9_007_199_254_740_991));
        assert_eq!((number("-1"), number("1.0"), number("")), (None, None, None));
        assert_eq!((number("9007199254740992"), number("99999999999999999999")), (None, None));
    }
}
