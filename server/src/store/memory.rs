//! The in-memory driver.
