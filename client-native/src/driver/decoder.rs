//! A body's bytes as text.

/// Takes chunks that end anywhere: a character that is cut off waits for its end.
#[derive(Debug, Default)]
pub(super) struct Decoder(Vec<u8>);

impl Decoder {
    /// The text so far that was not given before. What is no UTF-8 is U+FFFD, as a browser has it.
    pub(super) fn decode(&mut self, chunk: &[u8]) -> String {
        self.0.extend_from_slice(chunk);
        let whole = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Ok(_) | Err(_) => self.0.len(),
        };
        let rest = self.0.split_off(whole);
        let whole = std::mem::replace(&mut self.0, rest);
        String::from_utf8_lossy(&whole).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_same_wherever_the_chunks_end() {
        let text = "data: \u{e9}\u{20ac}\u{1F600}\n";
        for size in 1..text.len() {
            let mut decoder = Decoder::default();
            let decoded: String = text.as_bytes().chunks(size).map(|chunk| decoder.decode(chunk)).collect();
            assert_eq!(decoded, text, "in chunks of {size}");
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_the_rest_stays() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(decoder.decode(b"c"), "c");
    }
}
