//! The words of a text for FTS5, which parts words in its own way: it takes whatever is newer than itself, such as many
//! emojis, for a letter. So it is given the words one by one, of a message as of what is searched for.

use super::super::words::{all_words, search_words};

/// The words of a message, separated by spaces; `None` where FTS5 finds the same ones in the message itself.
pub(super) fn words(content: &str) -> Option<String> {
    (!content.is_ascii()).then(|| all_words(content).collect::<Vec<_>>().join(" "))
}

/// Every word as a string of FTS5, so that none is an operator; the last one may be the beginning of a word.
pub(super) fn query(text: &str) -> Option<String> {
    let words = search_words(text);
    if words.is_empty() {
        return None;
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    Some(quoted.join(" ") + " *")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_ever_an_operator() {
        assert_eq!(query("a OR b* NOT \"c"), Some(r#""a" "or" "b" "not" "c" *"#.into()));
        assert_eq!(query("\"\" ^ :"), None);
    }

    #[test]
    fn only_letters_that_are_not_ascii_need_to_be_told() {
        assert_eq!(words("plain, it's 1"), None);
        assert_eq!(words("\u{1f642}Gr\u{f6}\u{df}e, it's"), Some("gr\u{f6}\u{df}e it s".into()));
    }
}
