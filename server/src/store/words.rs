//! What counts as a word in full-text search.

/// Most words of one search; what follows is not looked at.
const MAX_WORDS: usize = 64;

/// The words of a text in lower case. Everything else in it separates words, so that no text is ever taken for
/// a query language.
pub(crate) fn search_words(text: &str) -> Vec<String> {
    all_words(text).take(MAX_WORDS).collect()
}

/// All of them, for an index.
pub(crate) fn all_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Letters and digits, and the accents that may follow a letter as characters of their own.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_accent(c)
}

/// An accent as a character of its own.
pub(crate) const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_quotes_only_separate_words() {
        assert_eq!(search_words("a OR \"b\" NEAR(c*) -d:e"), ["a", "or", "b", "near", "c", "d", "e"]);
        assert!(search_words("\"*^:-() 🎉").is_empty());
    }

    #[test]
    fn an_accent_of_its_own_stays_with_its_letter() {
        assert_eq!(search_words("Cafe\u{301}s"), ["cafe\u{301}s"]);
    }
}
