//! Text frames of a server as they are on the wire (RFC 6455 §5.2): a head, and the content as it is, since a server
//! does not mask (§5.1).

use std::ops::Deref;

/// The longest head of a frame that is not masked.
pub const MAX_HEAD: usize = 10;

/// The head of a whole text frame of this length, and its own length.
#[must_use]
pub fn head(length: usize) -> ([u8; MAX_HEAD], usize) {
    const FINAL_TEXT: u8 = 0x81;
    let mut head = [0; MAX_HEAD];
    head[0] = FINAL_TEXT;
    if let Some(short) = u8::try_from(length).ok().filter(|l| *l < 126) {
        head[1] = short;
        (head, 2)
    } else if let Ok(medium) = u16::try_from(length) {
        head[1] = 126;
        head[2..4].copy_from_slice(&medium.to_be_bytes());
        (head, 4)
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&(length as u64).to_be_bytes());
        (head, MAX_HEAD)
    }
}

/// How long a whole text frame is.
#[must_use]
pub fn length(content: &str) -> usize {
    head(content.len()).1 + content.len()
}

/// Whole text frames behind one another, the same for every receiver.
#[must_use]
pub fn whole<F: Deref<Target = str>>(contents: &[F]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(contents.iter().map(|content| length(content)).sum());
    for content in contents {
        let (head, length) = head(content.len());
        whole.extend_from_slice(&head[..length]);
        whole.extend_from_slice(content.as_bytes());
    }
    whole
}
