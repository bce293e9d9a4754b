//! The query of a connection's URL.

use alloc::string::String;

/// `clientSession=…` and, where notifications are wanted, `&notifications=true`.
pub(crate) fn of(client_session: &str, notifications: bool) -> String {
    let mut query = String::from("clientSession=");
    for byte in client_session.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'-') {
            query.push(char::from(byte));
        } else {
            query.push('%');
            query.push(hex(byte >> 4));
            query.push(hex(byte & 15));
        }
    }
    if notifications {
        query.push_str("&notifications=true");
    }
    query
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(nibble & 15)])
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_has_a_meaning_in_a_query_is_escaped() {
        assert_eq!(super::of("a-1&b=\u{7f}", true), "clientSession=a-1%26b%3D%7F&notifications=true");
    }
}
