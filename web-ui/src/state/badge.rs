//! Numbers in small places: badges and the tab's title.

/// A badge's text: nothing for none, and never more than three characters.
#[must_use]
pub fn count(n: u64) -> String {
    match n {
        0 => String::new(),
        1..=99 => n.to_string(),
        _ => "99+".to_owned(),
    }
}

/// The tab's title: the unread count goes first, since a tab shows little.
#[must_use]
pub fn title(place: Option<&str>, unread: u64) -> String {
    let name = place.map_or_else(|| "Tidings".to_owned(), |place| format!("{place} · Tidings"));
    if unread == 0 { name } else { format!("({}) {name}", count(unread)) }
}

/// The accessible name of the bell.
#[must_use]
pub fn bell(unread: u64) -> String {
    if unread == 0 { "Notifications".to_owned() } else { format!("Notifications, {unread} unread") }
}

/// A number and its noun: "1 message", "2 messages".
#[must_use]
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_stops_at_ninety_nine() {
        assert_eq!([count(0), count(7), count(99), count(100)], ["", "7", "99", "99+"]);
    }

    #[test]
    fn the_title_counts_first() {
        assert_eq!(title(Some("general"), 3), "(3) general · Tidings");
        assert_eq!(title(None, 0), "Tidings");
    }
}
