//! Links: which may be followed, and which stand bare in a text.

use super::Inline;

/// The address, if it leads to the web or to a mailbox.
#[must_use]
pub fn safe_href(address: &str) -> Option<String> {
    // A browser drops tabs and new lines inside a scheme, so an address with any of them is none.
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let (scheme, rest) = address.split_once(':')?;
    let known = ["http", "https", "mailto"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (known && !rest.is_empty()).then(|| address.to_owned())
}

/// A text with its bare web addresses made links.
pub(super) fn find(text: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = next_start(rest) {
        let end = start + address_len(&rest[start..]);
        match safe_href(&rest[start..end]) {
            Some(href) if end > start + "https://".len() => {
                push_text(&mut out, &rest[..start]);
                out.push(Inline::Link { inner: vec![Inline::Text(href.clone())], href });
            }
            _ => push_text(&mut out, &rest[..end]),
        }
        rest = &rest[end..];
    }
    push_text(&mut out, rest);
    out
}

fn next_start(text: &str) -> Option<usize> {
    ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()
}

/// Up to the next space or bracket, without the punctuation that ends a sentence.
fn address_len(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(text.len());
    let address = text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
    let open = address.matches('(').count();
    let close = address.matches(')').count();
    if close > open { address.trim_end_matches(')').len() } else { address.len() }.max(1)
}

fn push_text(out: &mut Vec<Inline>, text: &str) {
    if !text.is_empty() {
        out.push(Inline::Text(text.to_owned()));
    }
}
