//! Text as PostgreSQL keeps it: it takes every character but NUL, so that one is written in another way; and the words of a
//! text for full-text search.

use unicode_normalization::UnicodeNormalization as _;

use super::super::words::{all_words, is_accent, search_words};

/// Stands before `0` for NUL and before `1` for itself.
const ESCAPE: char = '\u{1a}';
/// Longest word that is told from others that begin alike, in bytes; PostgreSQL takes 2,046.
const MAX_WORD_BYTES: usize = 512;

/// A text to be stored.
pub(super) fn stored(text: &str) -> String {
    if !text.contains(['\0', ESCAPE]) {
        return text.to_owned();
    }
    text.replace(ESCAPE, "\u{1a}1").replace('\0', "\u{1a}0")
}

/// A text as it was before it was stored.
pub(super) fn plain(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    text.replace("\u{1a}0", "\0").replace("\u{1a}1", "\u{1a}")
}

/// [`plain`] of what may be missing.
pub(super) fn plain_option(text: Option<String>) -> Option<String> {
    text.map(plain)
}

/// The words of a message, each folded, separated by spaces.
pub(super) fn words(content: &str) -> String {
    all_words(content).map(|word| fold(&word)).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A `tsquery` of every word of a text, the last one as the beginning of one. Words are letters and digits, so a quoted
/// one is never an operator.
pub(super) fn query(text: &str) -> Option<String> {
    let words: Vec<String> = search_words(text)
        .iter()
        .map(|word| fold(word))
        .filter(|word| !word.is_empty())
        .map(|word| format!("'{word}'"))
        .collect();
    if words.is_empty() { None } else { Some(words.join(" & ") + ":*") }
}

/// In lower case, and Latin letters without accents, as SQLite's index folds.
fn fold(word: &str) -> String {
    let mut folded = String::new();
    for c in
        word.nfc().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric())
    {
        let letter = std::iter::once(c).nfd().next().filter(char::is_ascii_alphabetic).unwrap_or(c);
        if folded.len() + letter.len_utf8() > MAX_WORD_BYTES {
            break;
        }
        folded.push(letter);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in ["", "a", "\0", "\u{1a}", "\u{1a}0", "\u{1a}\0\u{1a}1\0", "0\u{1a}1"] {
            let kept = stored(text);
            assert!(!kept.contains('\0'));
            assert_eq!(plain(kept), text);
        }
    }

    #[test]
    fn no_text_is_ever_an_operator() {
        assert_eq!(query("a | b:* & !'c\\"), Some("'a' & 'b' & 'c':*".into()));
        assert_eq!(query("'' ! ()"), None);
    }

    #[test]
    fn accents_and_case_make_no_other_word() {
        assert_eq!(words("Ünder UNDER u\u{308}nder"), "under under under");
        assert_eq!(query("ÄLTER"), Some("'alter':*".into()));
        assert_eq!(words(&"é".repeat(2_000)).len(), 512);
    }
}
