//! From PostgreSQL's SQLSTATE to the three ways in which a store can fail.

use super::super::StoreError;

/// What a statement did not get past: another transaction that did the same. Done again, it sees what that one did.
const IN_EACH_OTHERS_WAY: &[&str] = &[UNIQUE_VIOLATION, "40001", "40P01"];
const UNIQUE_VIOLATION: &str = "23505";
const DISK_FULL: &str = "53100";

/// Classes of errors that say that the tables or what stands in them are not as they should be: data, integrity, syntax and
/// missing tables, and what PostgreSQL itself calls corrupted.
const CORRUPT: &[&str] = &["22", "23", "42", "XX001", "XX002"];
/// No right to a table is a matter of settings.
const NO_RIGHT: &str = "42501";

/// The error that PostgreSQL has answered with.
pub(in super::super) fn of_state(state: &str, text: String) -> StoreError {
    if state == DISK_FULL {
        StoreError::DiskFull
    } else if state != NO_RIGHT && CORRUPT.iter().any(|class| state.starts_with(class)) {
        StoreError::Corrupt(text)
    } else {
        StoreError::Unavailable(text)
    }
}

/// Why a batch was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another transaction was in the way: it can be done again at once.
    Again(StoreError),
    /// The connection did not do: nothing of the batch was begun. Another connection may do.
    Stale(StoreError),
    /// It failed.
    Failed(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let state = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
        if IN_EACH_OTHERS_WAY.contains(&&*state) {
            // What stays in the way is no damage.
            return Self::Again(StoreError::Unavailable(error.to_string()));
        }
        Self::Failed(error.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_unavailable_and_what_cannot_be_is_damage() {
        assert_eq!(of_state("53100", String::new()), StoreError::DiskFull);
        for state in ["57P01", "57P03", "53300", "25006", "28P01", "55P03", "57014", "42501", "58030"] {
            assert!(matches!(of_state(state, String::new()), StoreError::Unavailable(_)), "{state}");
        }
        for state in ["23502", "42P01", "22021", "XX001"] {
            assert!(matches!(of_state(state, String::new()), StoreError::Corrupt(_)), "{state}");
        }
    }
}
