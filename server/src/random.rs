//! Numbers by which things are told apart: not secret, and never waited for.

/// A number that is hardly ever drawn twice.
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
