//! Text that a program may send in good faith, and that is no JSON for this one: half of a surrogate pair, which is what is
//! left of an emoji that was cut in two (`"🎉".slice(0, 1)` in JavaScript, written as `\ud83c` by `JSON.stringify`).

use alloc::string::String;

const ESCAPE: usize = 6;
const PAIR: usize = 2 * ESCAPE;

/// The text with U+FFFD in place of each escaped half that stands alone; `None` where there is none. Of what is no JSON anyway,
/// nothing is promised.
///
/// ```
/// use tidings_protocol::mend::without_halves;
/// assert_eq!(without_halves(r#"{"content":"cut \ud83c"}"#).as_deref(), Some(r#"{"content":"cut \ufffd"}"#));
/// assert_eq!(without_halves(r#"{"content":"whole \ud83c\udf89"}"#), None);
/// ```
#[must_use]
pub fn without_halves(text: &str) -> Option<String> {
    let (mut mended, mut rest) = (String::new(), text);
    let mut is_mended = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (taken, is_half) = match unit(escape) {
            Some(0xD800..=0xDBFF) if is_low(escape.get(ESCAPE..)) => (PAIR, false),
            Some(0xD800..=0xDFFF) => (ESCAPE, true),
            Some(_) => (ESCAPE, false),
            None => (1 + escape.chars().nth(1).map_or(0, char::len_utf8), false),
        };
        let (escape, behind) = escape.split_at_checked(taken)?;
        mended.push_str(if is_half { "\\ufffd" } else { escape });
        is_mended |= is_half;
        rest = behind;
    }
    mended.push_str(rest);
    is_mended.then_some(mended)
}

/// The code unit that an escape at the beginning of the text names.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

fn is_low(text: Option<&str>) -> bool {
    matches!(text.and_then(unit), Some(0xDC00..=0xDFFF))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_half_that_stands_alone_is_replaced_and_nothing_else() {
        for (text, mended) in [
            (r"\ud83c", r"\ufffd"),
            (r"\uDF89", r"\ufffd"),
            (r"\udf89\ud83c", r"\ufffd\ufffd"),
            (r"\ud83c\ud83c\udf89", r"\ufffd\ud83c\udf89"),
            (r"ä\ud83cö", r"ä\ufffdö"),
            (r"\\\ud83c", r"\\\ufffd"),
        ] {
            assert_eq!(without_halves(text).as_deref(), Some(mended), "{text}");
        }
        for whole in [r"", r"a", r"\ud83c\udf89", r"\\ud83c", r"\n\u0041", r"\u12", r"\", r"\ü"] {
            assert_eq!(without_halves(whole), None, "{whole}");
        }
    }

    proptest! {
        #[test]
        fn what_a_browser_writes_can_be_read(units in prop::collection::vec(prop_oneof![
            0xD7F0..0xE010_u16, any::<u16>(), Just(0x5C), Just(0x22)
        ], 0..30)) {
            let escaped: String = units.iter().map(|unit| alloc::format!("\\u{unit:04x}")).collect();
            let text = alloc::format!("\"{escaped}\"");
            let read = without_halves(&text).unwrap_or(text);
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(serde_json::from_str::<String>(&read).unwrap(), expected);
        }
    }
}
