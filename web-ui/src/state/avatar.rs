//! A face for who has no picture: initials and one of eight colours, the same on every device.

/// How many colours there are; each has its tokens in the stylesheet.
pub const HUES: u8 = 8;

/// One or two letters of a name.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().and_then(|word| word.chars().next());
    let second = words.next_back().and_then(|word| word.chars().next());
    match (first, second) {
        (Some(a), Some(b)) => a.to_uppercase().chain(b.to_uppercase()).collect(),
        (Some(a), None) => a.to_uppercase().collect(),
        (None, _) => name.chars().take(1).collect(),
    }
}

/// The colour of an id: 0 to 7.
#[must_use]
pub fn hue(id: &str) -> u8 {
    // FNV-1a: spread well over short names, and the same in every version.
    let hash =
        id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from((hash ^ (hash >> 16)) % u32::from(HUES)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_last_word() {
        assert_eq!(initials("ann"), "A");
        assert_eq!(initials("Ada King Lovelace"), "AL");
        assert_eq!(initials("design-review"), "DR");
        assert_eq!(initials("ünal"), "Ü");
        assert_eq!(initials("✨"), "✨");
        assert_eq!(initials(""), "");
    }

    #[test]
    fn a_colour_is_stable_and_in_range() {
        assert_eq!(hue("ann"), hue("ann"));
        let seen: std::collections::BTreeSet<u8> = (0..200).map(|n| hue(&format!("user{n}"))).collect();
        assert_eq!(seen.len(), usize::from(HUES));
    }
}
