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
    fn a_name_to_sign_in_is_found() {
        assert_eq!(query("?x=1&as=ann", "as").as_deref(), Some("ann"));
        assert_eq!(query("?as=", "as"), None);
        assert_eq!(query("", "as"), None);
        assert_eq!(query("?as=%C3%BC", "as").as_deref(), Some("ü"));
    }
}
