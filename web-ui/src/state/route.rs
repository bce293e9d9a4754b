//! The address: `#room/<id>`, `#direct/<user>`, and `?as=<name>` for signing in.

/// What the address names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum Route {
    /// Only the list.
    #[default]
    Home,
    /// A room by its id.
    Room(String),
    /// The conversation with a user.
    Direct(String),
}

impl Route {
    /// Reads the address's fragment, with or without its `#`.
    #[must_use]
    pub fn parse(hash: &str) -> Self {
        let hash = hash.strip_prefix('#').unwrap_or(hash);
        match hash.split_once('/') {
            Some(("room", id)) if !id.is_empty() => Self::Room(decode(id)),
            Some(("direct", id)) if !id.is_empty() => Self::Direct(decode(id)),
            Some(_) | None => Self::Home,
        }
    }

    /// The fragment with its `#`; for home just `#`.
    #[must_use]
    pub fn hash(&self) -> String {
        match self {
            Self::Home => "#".to_owned(),
            Self::Room(id) => format!("#room/{}", encode(id)),
            Self::Direct(id) => format!("#direct/{}", encode(id)),
        }
    }
}

/// The value of one name in a query.
#[must_use]
pub fn query(search: &str, name: &str) -> Option<String> {
    let search = search.strip_prefix('?').unwrap_or(search);
    let pair = search.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name));
    pair.map(|(_, value)| decode(&value.replace('+', " "))).filter(|value| !value.is_empty())
}

/// The id of a new room by its name: small letters, with a dash for what an id may not have.
#[must_use]
pub fn room_id_of(name: &str) -> String {
    let mut id = String::new();
    for c in name.trim().chars().flat_map(char::to_lowercase) {
        let kept = c.is_alphanumeric() || matches!(c, '_' | '.');
        if kept {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.trim_end_matches('-').to_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_from_the_address() {
        for id in ["general", "café/1", "a#b?c&d", "100%", "日本"] {
            for route in [Route::Room(id.into()), Route::Direct(id.into())] {
                assert_eq!(Route::parse(&route.hash()), route);
            }
        }
        assert_eq!(Route::parse("#nonsense"), Route::Home);
        assert_eq!(Route::parse("#room/"), Route::Home);
    }

    #[test]
    fn a_name_makes_a_readable_id() {
        assert_eq!(room_id_of(" Design Review! "), "design-review");
        assert_eq!(room_id_of("Café & Küche"), "café-küche");
        assert_eq!(room_id_of("!!!"), "");
    }

    #[test]
    fn a_name_to_sign_in_is_found() {
        assert_eq!(query("?x=1&as=ann", "as").as_deref(), Some("ann"));
        assert_eq!(query("?as=", "as"), None);
        assert_eq!(query("", "as"), None);
        assert_eq!(query("?as=%C3%BC", "as").as_deref(), Some("ü"));
    }
}
