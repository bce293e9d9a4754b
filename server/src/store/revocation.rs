//! What takes a word back: bans, revoked tokens, and the end of all sessions that a user has.

use sha2::{Digest as _, Sha256};
use tidings_protocol::{Timestamp, UserId};

/// Most revocations that a store holds, so that every node can hold them all in memory.
pub const MAX_REVOCATIONS: u32 = 200_000;

/// A token's `jti` as it is remembered: the first half of its SHA-256, whatever its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(u128);

impl TokenId {
    /// Of a `jti`.
    #[must_use]
    pub fn of(jti: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(jti.as_bytes()).into();
        Self(digest.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
    }

    /// As 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// Of 32 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        (hex.len() == 32).then(|| u128::from_str_radix(hex, 16).ok().map(Self))?
    }
}

/// Whose word is taken back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The user may not come in: a ban.
    User(UserId),
    /// The token counts no more.
    Token(TokenId),
    /// The sessions that the user has at this time end; new ones may begin.
    Sessions(UserId),
}

/// A word taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Whose.
    pub subject: Subject,
    /// From then on it has no effect; `None`: for good.
    pub until: Option<Timestamp>,
    /// Why, for whoever looks at the list.
    pub reason: Option<String>,
    /// Who did it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// A revocation as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// Its place among all changes of revocations. A change at a smaller one never appears after it.
    pub revision: u64,
    /// Whether it has been taken back.
    pub lifted: bool,
    /// What it says.
    pub revocation: Revocation,
}
