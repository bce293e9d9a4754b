//! What is drawn: numbers by which things are told apart, and what nobody may guess.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

/// A number that is hardly ever drawn twice: not secret, and never waited for.
#[must_use]
pub fn number() -> u64 {
    let mut bytes = [0; 8];
    // Without random numbers two draws still differ by their time.
    if getrandom::fill(&mut bytes).is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        bytes = now.as_nanos().to_le_bytes()[..8].try_into().unwrap_or_default();
    }
    u64::from_le_bytes(bytes)
}

/// A name that nobody can guess: 128 bits, in hexadecimal.
#[must_use]
pub fn name() -> String {
    format!("{:032x}", u128::from_be_bytes(bytes()))
}

/// A secret that nobody knows.
#[must_use]
pub fn secret() -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes::<32>()))
}

/// Random bytes of the operating system.
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without random numbers every secret could be guessed: there is no safe way on.
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}
