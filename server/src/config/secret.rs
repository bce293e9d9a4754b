//! What does for a secret: long enough, and nothing that others would guess.

use secrecy::{ExposeSecret as _, SecretString};

use super::ConfigError;

/// Shortest secret: as long as the hash that it keys (RFC 7518 §3.2).
pub const MIN_SECRET_BYTES: usize = 32;

/// Secrets that stand in tutorials and examples, so that everybody knows them; in small letters.
const WELL_KNOWN: [&str; 8] = [
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-256-bit-secret-your-256-bit-secret",
    "your-secret-key-must-be-at-least-32-characters-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "super-secret-jwt-token-with-at-least-32-characters-long",
    "404e635266556a586e3272357538782f413f4428472b4b6250645367566b5970",
    "413f4428472b4b6250655368566d5970337336763979244226452948404d6351",
];

/// A secret must be long enough and not a known one.
///
/// # Errors
/// It is not.
pub fn check(flag: &'static str, secret: &SecretString) -> Result<(), ConfigError> {
    let text = secret.expose_secret();
    if text.len() < MIN_SECRET_BYTES {
        return Err(ConfigError::ShortSecret { flag, bytes: text.len() });
    }
    if WELL_KNOWN.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return Err(ConfigError::KnownSecret { flag });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<ConfigError> {
        check("jwt-secret", &SecretString::from(text)).err()
    }

    #[test]
    fn what_nobody_has_published_is_a_secret() {
        assert!(refusal("q8Zr2VnXw5LkT0cYj7HsP3eBdG6uFmA1").is_none());
    }

    #[test]
    fn s28_an_example_is_no_secret_however_it_is_spelt() {
        for known in WELL_KNOWN {
            assert!(known.len() >= MIN_SECRET_BYTES, "{known} is refused as short");
            assert!(matches!(refusal(known), Some(ConfigError::KnownSecret { .. })), "{known}");
            let loud = known.to_uppercase();
            assert!(matches!(refusal(&loud), Some(ConfigError::KnownSecret { .. })), "{loud}");
        }
    }
}
