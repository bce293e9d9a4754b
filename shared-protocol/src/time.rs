//! The one time format of the wire: RFC 3339, UTC, milliseconds.

use core::fmt;
use core::str::FromStr;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// A moment, in milliseconds since the Unix epoch; on the wire `2026-01-31T09:05:00.250Z` (RFC 3339 §5.6).
///
/// ```
/// use tidings_protocol::Timestamp;
/// let t = Timestamp::from_millis(1_769_850_300_250);
/// assert_eq!(t.to_string(), "2026-01-31T09:05:00.250Z");
/// assert_eq!("2026-01-31T09:05:00.250Z".parse::<Timestamp>().ok(), Some(t));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Text that is not an RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct InvalidTimestamp;

/// Last moment of the year 9999, in milliseconds: RFC 3339 has four digits for the year.
const MAX_MILLIS: i64 = 253_402_207_200_999;

impl Timestamp {
    /// A moment by its milliseconds since the Unix epoch, clamped to the years 1970 to 9999.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        if millis < 0 {
            Self(0)
        } else if millis > MAX_MILLIS {
            Self(MAX_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => write!(f, "{t:.3}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let t: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        Ok(Self::from_millis(t.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <alloc::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

// The shortest is `1970-01-01T00:00:00Z`; the longest holds nine digits of a second and an offset.
crate::schema::described_as_string!(Timestamp, minimum: 20, maximum: 35, format: "date-time");
