//! Times as people say them. Days are whole numbers in the reader's own zone; the browser turns them into words.

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// The day of a moment, counted from 1970 in a zone that is `offset_minutes` east of UTC.
#[must_use]
pub const fn day(at: i64, offset_minutes: i64) -> i64 {
    (at + offset_minutes * MINUTE_MS).div_euclid(DAY_MS)
}

/// What a separator between two days says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayLabel {
    /// "Today".
    Today,
    /// "Yesterday".
    Yesterday,
    /// The weekday's name: within the last week.
    Weekday,
    /// The whole date.
    Date,
}

impl DayLabel {
    /// The label of a day, seen from today.
    #[must_use]
    pub const fn of(day: i64, today: i64) -> Self {
        match today - day {
            0 => Self::Today,
            1 => Self::Yesterday,
            2..=6 => Self::Weekday,
            _ => Self::Date,
        }
    }
}

/// How long ago something was, in the fewest letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ago {
    /// Less than a minute.
    Now,
    /// Whole minutes.
    Minutes(i64),
    /// Whole hours, below a day.
    Hours(i64),
    /// Whole days, below a week.
    Days(i64),
    /// Longer: the date is shown.
    Date,
}

impl Ago {
    /// The time between two moments. A clock that is behind the server's reads as now.
    #[must_use]
    pub const fn between(at: i64, now: i64) -> Self {
        let past = now - at;
        if past < MINUTE_MS {
            Self::Now
        } else if past < HOUR_MS {
            Self::Minutes(past / MINUTE_MS)
        } else if past < DAY_MS {
            Self::Hours(past / HOUR_MS)
        } else if past < 7 * DAY_MS {
            Self::Days(past / DAY_MS)
        } else {
            Self::Date
        }
    }

    /// The short text; `date` is used past a week.
    #[must_use]
    pub fn text(self, date: impl FnOnce() -> String) -> String {
        match self {
            Self::Now => "now".to_owned(),
            Self::Minutes(n) => format!("{n} min"),
            Self::Hours(n) => format!("{n} h"),
            Self::Days(n) => format!("{n} d"),
            Self::Date => date(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_is_the_readers_own() {
        let late = DAY_MS - 30 * MINUTE_MS;
        assert_eq!(day(late, 0), 0);
        assert_eq!(day(late, 60), 1);
        assert_eq!(day(0, -1), -1);
    }

    #[test]
    fn a_day_is_named_by_its_distance() {
        let labels = [0, 1, 2, 6, 7].map(|n| DayLabel::of(100 - n, 100));
        assert_eq!(
            labels,
            [DayLabel::Today, DayLabel::Yesterday, DayLabel::Weekday, DayLabel::Weekday, DayLabel::Date]
        );
        assert_eq!(DayLabel::of(101, 100), DayLabel::Date, "a day to come has no short name");
    }

    #[test]
    fn ago_takes_the_largest_unit() {
        assert_eq!(Ago::between(10_000, 0), Ago::Now);
        assert_eq!(Ago::between(0, 59_999), Ago::Now);
        assert_eq!(Ago::between(0, 3_599_999), Ago::Minutes(59));
        assert_eq!(Ago::between(0, 3_600_000), Ago::Hours(1));
        assert_eq!(Ago::between(0, 7 * DAY_MS), Ago::Date);
    }
}
