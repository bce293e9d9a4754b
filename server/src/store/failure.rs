//! From sqlx's errors to the three ways in which a store can fail; each driver knows the codes of its database.

use sqlx::postgres::PgDatabaseError;

use super::{StoreError, postgres, sqlite};

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(answer) = error.as_database_error()
            && let Some(code) = answer.code()
        {
            return if answer.try_downcast_ref::<PgDatabaseError>().is_some() {
                postgres::of_state(&code, error.to_string())
            } else {
                sqlite::of_code(code.parse().unwrap_or_default(), error.to_string())
            };
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "sqlx adds kinds of errors; each may pass")]
        match error {
            sqlx::Error::RowNotFound
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::TypeNotFound { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pool_is_unavailable_and_not_damage() {
        assert!(matches!(StoreError::from(sqlx::Error::PoolClosed), StoreError::Unavailable(_)));
        assert!(matches!(StoreError::from(sqlx::Error::RowNotFound), StoreError::Corrupt(_)));
    }
}
