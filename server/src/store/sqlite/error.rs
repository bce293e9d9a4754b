//! From SQLite's result codes to the three ways in which a store can fail.

use super::super::StoreError;

/// Primary result codes of SQLite are the low byte of the extended ones.
const PRIMARY: i64 = 0xff;
const ERROR: i64 = 1;
const CONSTRAINT: i64 = 19;
const CORRUPT: i64 = 11;
const FULL: i64 = 13;
const MISMATCH: i64 = 20;
const NOT_A_DATABASE: i64 = 26;
/// The WAL index could not grow: of all I/O errors the one that means a full disk.
const IOERR_SHMSIZE: i64 = 10 | (19 << 8);

/// The error that SQLite has answered with.
pub(in super::super) fn of_code(code: i64, text: String) -> StoreError {
    match (code, code & PRIMARY) {
        (IOERR_SHMSIZE, _) | (_, FULL) => StoreError::DiskFull,
        (_, CORRUPT | NOT_A_DATABASE | CONSTRAINT | MISMATCH | ERROR) => StoreError::Corrupt(text),
        _ => StoreError::Unavailable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_disk_is_a_full_disk() {
        assert_eq!(of_code(13, String::new()), StoreError::DiskFull);
        assert_eq!(of_code(4874, String::new()), StoreError::DiskFull);
        assert!(matches!(of_code(10, String::new()), StoreError::Unavailable(_)));
        assert!(matches!(of_code(5 | (2 << 8), String::new()), StoreError::Unavailable(_)));
        assert!(matches!(of_code(26, String::new()), StoreError::Corrupt(_)));
    }
}
